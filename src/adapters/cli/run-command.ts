import type { Command } from 'commander';
import type { Failure, Outcome } from './outcome.ts';
import { ConfigError } from './settings.ts';
import { onSignals } from './stop-signals.ts';

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

/**
 * Writes how a command ended and sets the exit status. For programs this is one line of JSON, whatever happened: `ok`, which is true
 * if the status is 0, otherwise `error`, and the result.
 */
export function report({ result, words, failure, stream = process.stdout }: Outcome, json: boolean): void {
  process.exitCode = failure?.status ?? 0;
  const error = failure && { message: failure.message, faults: failure.faults };
  const lines = json ? [jsonLine({ ok: failure === undefined, error, ...result })] : words;
  for (const line of lines) stream.write(`${line}\n`);
}

/** Makes the action of a command from its work: the outcome is reported as the option `--json` asks. */
export function reporting<Args extends readonly unknown[]>(
  work: (...args: Args) => Promise<Outcome>,
): (...given: [...Args, Command]) => Promise<void> {
  return async (...given) => {
    const json = (given.at(-1) as Command).opts<{ json?: boolean }>().json ?? false;
    let isReported = false;
    // Without a handler, a signal ends a process before it reports, and does not end process 1 of a container at all.
    if (json || process.pid === 1) {
      onSignals((failure) => {
        if (!isReported) report({ result: {}, words: [], failure }, json);
        process.exit();
      });
    }
    const outcome = await work(...(given.slice(0, -1) as unknown as Args));
    isReported = true;
    report(outcome, json);
  };
}

/**
 * Runs a command and sets the exit status, by default 0. A failure becomes one clear message instead of a stack.
 * @param json whether to report a failure to programs, too
 */
export async function runCommand(command: () => Promise<number | undefined>, json = false): Promise<void> {
  try {
    const status = await command();
    if (status !== undefined) process.exitCode = status;
  } catch (error) {
    report({ result: {}, words: [], failure: failed(error) }, json);
  }
}

/** Writes to stderr what failed, for people, and returns it for the outcome. */
export function failed(error: unknown): Failure {
  const misused = error instanceof UsageError || isParseError(error);
  const message = wordsOf(error);
  process.stderr.write(`${message}\n${misused ? 'See --help.\n' : ''}`);
  if (!(error instanceof ConfigError)) return { status: misused ? EXIT_USAGE : EXIT_FAULT, message };
  return { status: EXIT_CONFIG, message: error.summary, faults: error.faults };
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
