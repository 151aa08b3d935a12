import { ConfigError } from './config.ts';

export const EXIT_FAULT = 1;
export const EXIT_USAGE = 64; // sysexits.h: EX_USAGE
export const EXIT_CONFIG = 78; // sysexits.h: EX_CONFIG

export function say(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

/** Runs a command to its exit status; a failure becomes one clear message instead of a stack. */
export async function runCommand(usage: string, command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    const misused = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${misused ? `\n${usage}` : ''}`);
    process.exitCode = misused ? EXIT_USAGE : error instanceof ConfigError ? EXIT_CONFIG : EXIT_FAULT;
  }
}
