import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { CLI } from './entry-points.ts';

export type Environment = Readonly<Record<string, string>>;

export interface CommandEnd {
  /** Or the signal. */
  readonly status: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<CommandEnd>;
}

/** `input` is null if standard input stays open. */
type Arguments = [args: readonly string[], environment?: Environment, input?: string | Uint8Array | null];

export interface CommandLine {
  /** The folder in which commands run: a new one, without a developer's .env. */
  readonly folder: string;
  /** With only this environment, and this standard input. */
  readonly start: (...args: Arguments) => RunningCommand;
  readonly run: (...args: Arguments) => Promise<CommandEnd>;
  /** Writes a file into the folder; returns its name. */
  readonly file: (name: string, content: string | Uint8Array) => string;
  readonly remove: () => void;
}

/**
 * The environment that makes a command signal itself when it writes these words to stderr: a test that waits for the words may
 * signal it too late.
 */
export function signalledAt(words: string, signal: NodeJS.Signals): Environment {
  const script = `
    const { stderr } = process;
    const { write } = stderr;
    stderr.write = (text, ...args) => {
      if (String(text).includes('${words}')) {
        stderr.write = write;
        process.kill(process.pid, '${signal}');
      }
      return write.call(stderr, text, ...args);
    };`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` };
}

/** `webhook-inbox`, or another program of the sources, as a process. */
export function commandLine(program = CLI): CommandLine {
  const folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-'));
  const start: CommandLine['start'] = (args, environment = {}, input = '') => {
    const child = spawn(process.execPath, [program, ...args], { cwd: folder, env: { ...environment } });
    child.stdin.on('error', () => undefined); // the process reads none
    if (input !== null) child.stdin.end(input);
    const closed = new Promise<number | NodeJS.Signals>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        resolve(code ?? signal ?? 0);
      });
    });
    const ended = Promise.all([closed, text(child.stdout), text(child.stderr)]).then(([status, stdout, stderr]) => ({
      status,
      stdout,
      stderr,
    }));
    return { child, ended };
  };
  return {
    folder,
    start,
    run: (...args) => start(...args).ended,
    file(name, content) {
      writeFileSync(path.join(folder, name), content);
      return name;
    },
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
