import { ConfigError } from './settings.ts';

export const EXIT_FAULT = 1;
export const EXIT_USAGE = 64; // sysexits.h: EX_USAGE
export const EXIT_PIPE = 141; // 128 + SIGPIPE, as of a program that the signal ends
export const EXIT_CONFIG = 78; // sysexits.h: EX_CONFIG

const MOST_OF_STATEMENT = 500;

/** The arguments are not usable; the message says what to write instead. */
export class UsageError extends Error {}

export function say(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

/** Writes one line of JSON for programs, with names in snake_case as in the API. */
export function jsonLine(result: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(result, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [snakeCase(name), member]));
  });
}

/** Changes only names in camelCase; names of headers stay the same. */
function snakeCase(name: string): string {
  if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) return name;
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Runs a command and sets the exit status, by default 0. A failure becomes one clear message instead of a stack. */
export async function runCommand(command: () => Promise<number | undefined>): Promise<void> {
  try {
    const status = await command();
    if (status !== undefined) process.exitCode = status;
  } catch (error) {
    const misused = error instanceof UsageError || isParseError(error);
    process.stderr.write(`${wordsOf(error)}\n${misused ? 'See --help.\n' : ''}`);
    process.exitCode = misused ? EXIT_USAGE : error instanceof ConfigError ? EXIT_CONFIG : EXIT_FAULT;
  }
}

/** The message of an error. Of a long database error only the end: Knex puts the statement, with up to a thousand parameters, first. */
export function wordsOf(error: unknown): string {
  const connecting = failedConnection(error);
  if (connecting) return `no database answers: ${connecting.message} (does it run, and is its address right?)`;
  const words = error instanceof Error ? error.message : String(error);
  if (/^SASL: .*password must be/.test(words)) return 'the database asks for a password, and DATABASE_URL has none';
  const isTooLong = words.length > MOST_OF_STATEMENT && error instanceof Error && 'code' in error;
  return isTooLong ? `…${words.slice(-MOST_OF_STATEMENT)}` : words;
}

/** For a host name with several addresses Node throws one error without a message that wraps the error of each address. */
function failedConnection(error: unknown): Error | null {
  if (!Error.isError(error)) return null;
  if ('errors' in error && Array.isArray(error.errors)) return failedConnection(error.errors[0]);
  return 'syscall' in error && (error.syscall === 'connect' || error.syscall === 'getaddrinfo') ? error : null;
}

/** Whether parseArgs of node:util threw the error. */
function isParseError(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
