import { afterAll, describe, expect, it } from '@jest/globals';
import { packageInfo } from '../../../src/infrastructure/package-info.ts';
import { commandLine } from '../../support/command-line.ts';
import { leakWatch } from '../../support/leak-watch.ts';
import { LogLines } from '../../support/log-lines.ts';
import { MESSAGE, SECRET } from '../../support/service.ts';

const cli = commandLine();
afterAll(() => {
  cli.remove();
});

describe('serve', () => {
  it('accepts what send sends, satisfies the doctor, and stops on SIGINT with status 0', async () => {
    const environment = { WEBHOOK_SECRET: SECRET, MIGRATE_ON_START: 'true', PORT: '0' };
    const { child, ended } = cli.start(['serve'], environment);
    const watch = leakWatch();
    watch.secretsOf(environment);
    watch.sent({ body: JSON.stringify(MESSAGE) });
    const log = new LogLines(watch);
    child.stdout?.pipe(log);
    const { version, port } = await log.first(({ message }) => message === 'listening');
    expect(version).toBe(packageInfo.version);

    const found = { ...environment, PORT: String(port) };
    const sent = await cli.run(['send', '--json'], found, JSON.stringify(MESSAGE));
    expect([sent.status, JSON.parse(sent.stdout)]).toMatchObject([0, { outcomes: { created: 1 } }]);
    const doctor = await cli.run(['doctor', '--url', `http://127.0.0.1:${String(port)}/health/live`], found);
    expect([doctor.status, doctor.stdout]).toEqual([
      0,
      expect.stringMatching(/^ok {4}clock: agrees with that of 127/m),
    ]);

    child.kill('SIGINT');
    expect(await ended).toMatchObject({ status: 0, stderr: '' });
    expect(log.records.at(-1)).toMatchObject({ message: 'stopped', requests_cut_off: false });
    log.throwLeaks();
  });
});
