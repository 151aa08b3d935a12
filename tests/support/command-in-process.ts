import { runCommandLine } from '../../src/adapters/cli/program.ts';
import type { CommandDependencies } from '../../src/adapters/cli/dependencies.ts';
import type { CommandEnd } from './command-line.ts';

/** Runs a command in this process, which is much faster than a process of its own. Not for one that a signal ends. */
export async function runHere(args: readonly string[], dependencies: CommandDependencies): Promise<CommandEnd> {
  const written = { stdout: '', stderr: '' };
  const { exitCode } = process;
  const restore = (['stdout', 'stderr'] as const).map((name) => {
    const write = process[name].write.bind(process[name]);
    process[name].write = (chunk: string | Uint8Array) => {
      written[name] += String(chunk);
      return true;
    };
    return () => {
      process[name].write = write;
    };
  });
  const listeners = process.stdout.listeners('error');
  try {
    await runCommandLine(['node', 'webhook-inbox', ...args], dependencies);
    return { status: Number(process.exitCode ?? 0), ...written };
  } finally {
    for (const one of restore) one();
    for (const one of process.stdout.listeners('error')) {
      if (!listeners.includes(one)) process.stdout.removeListener('error', one as () => void);
    }
    for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal);
    process.exitCode = exitCode;
  }
}
