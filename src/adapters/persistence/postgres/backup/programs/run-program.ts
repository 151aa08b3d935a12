import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

export type Program = 'pg_dump' | 'pg_restore';

export interface RunOptions {
  /** The whole environment of the program. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends the program. When it has exited, the run rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Reads the program's output. */
  readonly reading?: (stdout: Readable) => Promise<unknown>;
}

/** Runs one of PostgreSQL's client programs. Rejects with the program's own message unless it succeeds. */
export async function runProgram(program: Program, args: readonly string[], options: RunOptions): Promise<void> {
  const { environment, signal, reading = text } = options;
  signal.throwIfAborted();
  const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', end);
  const closed = once(child, 'close') as Promise<[status: number | null, signal: NodeJS.Signals | null]>;
  try {
    const [[status, killed], errors] = await Promise.all([
      closed,
      text(child.stderr),
      reading(child.stdout).finally(() => child.stdout.resume()),
    ]);
    signal.throwIfAborted();
    if (status !== 0)
      throw new Error(`${program} ended with ${String(status ?? killed)}: ${ownLines(errors, program)}`);
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

/** The major version of the program: 15 for 15.3. */
export async function majorVersionOf(program: Program, options: Omit<RunOptions, 'reading'>): Promise<number> {
  let output = '';
  await runProgram(program, ['--version'], { ...options, reading: async (stdout) => (output = await text(stdout)) });
  return Number(/\d+/.exec(output)?.[0] ?? 0);
}

/** Only the program's own lines: the lines between may quote stored rows. */
function ownLines(errors: string, program: Program): string {
  const own = errors.split('\n').filter((line) => line.startsWith(`${program}: `));
  return own.slice(0, 5).join('\n') || 'it gave no reason';
}
