import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

export type Program = 'pg_dump' | 'pg_restore';

export interface RunOptions {
  /** All that the program finds in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends the program; the run rejects with the signal's reason when it is gone. */
  readonly signal: AbortSignal;
  /** Reads what the program writes. */
  readonly reading?: (stdout: Readable) => Promise<unknown>;
}

/** Runs one of PostgreSQL's programs to its end. Rejects, with what it says itself, unless it ends well. */
export async function runProgram(program: Program, args: readonly string[], options: RunOptions): Promise<void> {
  const { environment, signal, reading = text } = options;
  signal.throwIfAborted();
  const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', end);
  const closed = once(child, 'close') as Promise<[status: number | null, signal: NodeJS.Signals | null]>;
  try {
    const [[status, killed], said] = await Promise.all([
      closed,
      text(child.stderr),
      reading(child.stdout).finally(() => child.stdout.resume()),
    ]);
    signal.throwIfAborted();
    if (status !== 0) throw new Error(`${program} ended with ${String(status ?? killed)}: ${ownWords(said, program)}`);
  } catch (error) {
    end();
    await closed.catch(() => undefined);
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new ProgramMissing(program, { cause: error });
    throw error;
  } finally {
    signal.removeEventListener('abort', end);
  }
}

export class ProgramMissing extends Error {
  constructor(program: Program, options?: ErrorOptions) {
    super(`${program} is not there`, options);
  }
}

/** The version of the program, as `SHOW server_version_num` counts: 15 for 15.3. */
export async function majorVersionOf(program: Program, options: Omit<RunOptions, 'reading'>): Promise<number> {
  let said = '';
  await runProgram(program, ['--version'], { ...options, reading: async (stdout) => (said = await text(stdout)) });
  return Number(/\d+/.exec(said)?.[0] ?? 0);
}

/** Without the rows that a server quotes in the lines between. */
function ownWords(said: string, program: Program): string {
  const own = said.split('\n').filter((line) => line.startsWith(`${program}: `));
  return own.slice(0, 5).join('\n') || 'it does not say why';
}
