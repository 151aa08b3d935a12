import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { parseEnv } from 'node:util';
import { leakWatch, type LeakWatch } from './leak-watch.ts';
import { ACTIVATED, listeningSocket, type ListeningSocket } from './listening-socket.ts';
import { LogLines } from './log-lines.ts';
import { environmentOf, parseUnit, valueOf, type Unit } from './systemd-unit.ts';

/** The paths that the procedures write to. On a test host all are below one folder. */
const PLACES = [
  '/opt/webhook-inbox',
  '/etc/webhook-inbox',
  '/etc/systemd/system',
  '/usr/local/sbin',
  '/var/lib/webhook-inbox',
  '/var/backups/webhook-inbox',
];
/** Stands in for the user of the service if the tests run as root; every system has it. */
const NOBODY = 65_534;
const ROOT_USER = process.getuid?.() === 0;
const UNIT = 'webhook-inbox';

export interface SystemdHost {
  /** The same text with the paths of this host instead of a real one's. */
  readonly here: (text: string) => string;
  /** For commands: finds those of this host before those of the machine. */
  readonly path: string;
  /** The running service. */
  readonly process: () => ChildProcess;
  readonly log: LogLines;
  readonly watch: LeakWatch;
  stop(): Promise<void>;
}

/**
 * Stands in for the parts of systemd that the procedures need, with the units that they install: `systemctl` for the
 * one service and its socket, `journalctl`, `runuser` and `useradd`. There is no sandbox: nothing is forbidden here.
 */
export async function systemdHost(folder: string): Promise<SystemdHost> {
  const bin = path.join(folder, 'bin');
  const here = (words: string): string =>
    PLACES.reduce((changed, place) => changed.replaceAll(place, path.join(folder, 'root', place)), words).replace(
      / (-[og]) webhook-inbox/g,
      ROOT_USER ? ` $1 ${String(NOBODY)}` : '',
    );
  for (const place of [bin, here('/etc/systemd/system'), here('/usr/local/sbin')])
    mkdirSync(place, { recursive: true });
  for (const place of [path.join(folder, 'root'), folder]) chmodSync(place, 0o755);

  const watch = leakWatch();
  const log = new LogLines(watch);
  log.setMaxListeners(100); // each start of the service writes to it
  let units: Record<'service' | 'socket', Unit> | undefined;
  let socket: ListeningSocket | undefined;
  let running: ChildProcess | undefined;
  let journal = '';

  const unit = (kind: 'service' | 'socket'): Unit => {
    if (units === undefined) throw new Error('no daemon-reload since the units were installed');
    return units[kind];
  };
  const setting = (key: string): string => valueOf(unit('service'), 'Service', key);

  async function start(): Promise<void> {
    if (running !== undefined) return;
    startSocket();
    const state = setting('WorkingDirectory');
    mkdirSync(state, { recursive: true });
    chmodSync(state, Number.parseInt(setting('StateDirectoryMode'), 8));
    if (ROOT_USER) chownSync(state, NOBODY, NOBODY);
    const env = {
      ...environmentOf(unit('service')),
      ...(parseEnv(readFileSync(setting('EnvironmentFile'), 'utf8')) as Record<string, string>),
    };
    watch.secretsOf(env);
    const child: ChildProcess = spawn('env', [...ACTIVATED, ...setting('ExecStart').split(' ')], {
      ...{ cwd: state, env: { PATH: '/usr/bin:/bin', ...env } },
      stdio: ['ignore', 'pipe', 'pipe', socket?.fd ?? 'ignore'],
      ...(ROOT_USER && { uid: NOBODY, gid: NOBODY }),
    });
    child.stdout?.pipe(log, { end: false });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (journal += chunk.toString()));
    await once(child, 'spawn');
    running = child;
    child.once('exit', () => (running = undefined));
  }

  function startSocket(): void {
    const [, port = ''] = /:(\d+)$/.exec(valueOf(unit('socket'), 'Socket', 'ListenStream')) ?? [];
    socket ??= listeningSocket(Number(port));
  }

  async function stopService(): Promise<void> {
    const child = running;
    if (child === undefined) return;
    const exited = once(child, 'exit');
    child.kill(setting('KillSignal') as NodeJS.Signals);
    await exited;
  }

  async function systemctl(args: readonly string[]): Promise<{ status: number; output: string }> {
    const [verb = '', ...rest] = args.filter((arg) => !arg.startsWith('-'));
    if (verb === 'daemon-reload') {
      const read = (kind: string) => parseUnit(readFileSync(here(`/etc/systemd/system/${UNIT}.${kind}`), 'utf8'));
      units = { service: read('service'), socket: read('socket') };
      return { status: 0, output: '' };
    }
    const named = rest.map((name) => (name.includes('.') ? name : `${name}.service`));
    const unknown = named.find((name) => ![`${UNIT}.service`, `${UNIT}.socket`].includes(name));
    if (unknown !== undefined) return { status: 5, output: `Unit ${unknown} not found.\n` };
    const service = named.includes(`${UNIT}.service`);
    const listens = named.includes(`${UNIT}.socket`);
    if (verb === 'is-active')
      return running === undefined ? { status: 3, output: 'inactive\n' } : { status: 0, output: 'active\n' };
    if (['stop', 'restart', 'disable'].includes(verb)) {
      await stopService(); // it needs the socket, and stops with it
      if (listens) {
        socket?.close();
        socket = undefined;
      }
    }
    if (['start', 'restart', 'enable'].includes(verb)) {
      if (listens) startSocket();
      if (service) await start();
    } else if (verb !== 'stop' && verb !== 'disable') {
      return { status: 1, output: `Unknown command verb ${verb}.\n` };
    }
    return { status: 0, output: '' };
  }

  const asked = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const args = (await text(request)).split('\n').filter((arg) => arg !== '');
      const { status, output } = request.url === '/journalctl' ? { status: 0, output: journal } : await systemctl(args);
      response.writeHead(status === 0 ? 200 : 500).end(output);
    };
    answer().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const place = path.join(folder, 'systemd.sock');
  asked.listen(place);
  await once(asked, 'listening');

  const commands: Record<string, string> = {
    useradd: 'exit 0',
    // The user precedes the command: runuser -u NAME -- COMMAND.
    runuser: ROOT_USER
      ? `shift 3; exec setpriv --reuid=${String(NOBODY)} --regid=${String(NOBODY)} --clear-groups -- "$@"`
      : 'shift 3; exec "$@"',
    ...Object.fromEntries(
      ['systemctl', 'journalctl'].map((name) => [
        name,
        `printf '%s\\n' "$@" | curl -sS --fail-with-body --unix-socket '${place}' --data-binary @- http://host/${name}`,
      ]),
    ),
  };
  for (const [name, script] of Object.entries(commands)) {
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  return {
    here,
    path: [bin, here('/usr/local/sbin')].join(path.delimiter),
    process() {
      if (running === undefined) throw new Error('the service does not run');
      return running;
    },
    log,
    watch,
    async stop() {
      await stopService();
      socket?.close();
      asked.close();
      log.throwLeaks();
    },
  };
}
