import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { commandLine, type CommandEnd, type CommandLine, type Environment } from '../../support/command-line.ts';
import { MAIN } from '../../support/entry-points.ts';

const SECRET = '4f9c2b7e8d1a60539be07c42f1d8365a';

let program: CommandLine;

beforeEach(() => {
  program = commandLine();
});

afterEach(() => {
  program.remove();
});

const doctor = (environment: Environment = {}): Promise<CommandEnd> => program.run(['doctor'], environment);

describe('doctor with .env', () => {
  it('reads the first variable after a byte order mark', async () => {
    program.file('.env', `\u{feff}READ_API_KEYS=${SECRET}\r\nWEBHOOK_SECRET=${SECRET}\r\n`);
    expect((await doctor()).stdout).toMatch(/^ok {4}READ_API_KEYS: hard to guess$/m);
  });

  it('lists what it does not understand, beside the other faults, and no value', async () => {
    program.file('.env', `READ_API_KEY=${SECRET}\nWEBHOOK_SECRET: ${SECRET}\nPORT=eight\nLOG_LEVEL="${SECRET}\n`);
    const { status, stdout, stderr } = await doctor();
    expect({ status, stderr }).toEqual({ status: 78, stderr: '' });
    expect(stdout.trim().split('\n')).toEqual([
      'fail  configuration: .env line 1 sets READ_API_KEY, which is no setting: did you mean READ_API_KEYS?',
      'fail  configuration: .env line 2 has a colon after the name: write NAME=value',
      'fail  configuration: .env line 4 has a quotation mark that is not closed',
      'fail  configuration: PORT must be a whole number from 0 to 65535',
    ]);
  });

  it('says what has no effect', async () => {
    program.file(
      '.env',
      `IMAGE_TAG=1\nPOSTGRES_PASSWORD=x\nLOG_LEVEL=DEBUG\nLOG_LEVEL=INFO\nWEBHOOK_SECRET=${SECRET}\n`,
    );
    const { stdout } = await doctor({ READ_API_KEY: SECRET });
    expect(stdout.match(/^warn {2}configuration: .*$/gm)).toEqual([
      'warn  configuration: .env line 1 sets IMAGE_TAG, which is no setting of this service',
      'warn  configuration: .env line 4 replaces LOG_LEVEL of line 3',
      'warn  configuration: the environment sets READ_API_KEY, which is no setting: did you mean READ_API_KEYS?',
    ]);
  });

  it('counts an empty variable of the environment as not set', async () => {
    program.file('.env', `WEBHOOK_SECRET=${SECRET}\nREAD_API_KEYS=${SECRET}\nHOST=127.0.0.1\n`);
    const { stdout } = await doctor({ WEBHOOK_SECRET: '', READ_API_KEYS: '', HOST: '' });
    expect(stdout).toContain('WEBHOOK_SECRET: hard to guess');
    expect(stdout).toContain('READ_API_KEYS: hard to guess');
  });

  it.each<[string, (file: string) => void, string]>([
    [
      'a folder',
      (file) => {
        mkdirSync(file);
      },
      '.env is a folder',
    ],
    [
      'a link that leads nowhere',
      (file) => {
        symlinkSync('nowhere', file);
      },
      '.env is a link to a file that is not there',
    ],
    [
      'endless',
      (file) => {
        symlinkSync('/dev/zero', file);
      },
      '.env is larger than',
    ],
    ...(process.getuid?.() === 0
      ? []
      : [
          [
            'unreadable',
            (file: string) => {
              program.file('.env', '');
              chmodSync(file, 0);
            },
            '.env cannot be read by this user',
          ] as [string, (file: string) => void, string],
        ]),
  ])('says that it is %s', async (_, make, words) => {
    make(path.join(program.folder, '.env'));
    const { status, stdout } = await doctor();
    expect(status).toBe(78);
    expect(stdout).toContain(`fail  configuration: ${words}`);
  });

  it.each([
    ['a folder', '.', 'DATABASE_URL must be'],
    ['a folder by its name', 'data', 'DATABASE_URL names a folder'],
    ['a device', '/dev/null', 'DATABASE_URL names a device'],
    ['a path through a file', 'file/app.db', 'DATABASE_URL has a path through a file'],
  ])('rejects %s as the database', async (_, file, words) => {
    mkdirSync(path.join(program.folder, 'data'));
    program.file('file', '');
    const { status, stdout } = await doctor({ DATABASE_URL: `sqlite:///${file}` });
    expect(status).toBe(78);
    expect(stdout).toContain(`fail  configuration: ${words}`);
  });
});

describe('the service with .env', () => {
  it('does not start if it does not understand all of it', async () => {
    program.file('.env', `WEBHOOK_SECERT=${SECRET}\n`);
    const service = commandLine(MAIN);
    service.file('.env', `WEBHOOK_SECERT=${SECRET}\n`);
    expect(await service.run([], { PORT: '0' })).toEqual({
      status: 78,
      stdout: '',
      stderr:
        'the configuration is not valid:\n  .env line 1 sets WEBHOOK_SECERT, which is no setting: did you mean WEBHOOK_SECRET?\n',
    });
    service.remove();
  });

  it('ends where no folder for its database can be created', async () => {
    const service = commandLine(MAIN);
    const { status, stdout } = await service.run([], {
      PORT: '0',
      MIGRATE_ON_START: 'true',
      DATABASE_URL: 'sqlite:////proc/no-such-folder/app.db',
    });
    expect(status).toBe(1);
    expect(stdout).toContain('the folder /proc/no-such-folder cannot be created');
    service.remove();
  });
});
