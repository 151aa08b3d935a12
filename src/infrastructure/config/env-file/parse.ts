import { decodeText, type LineFault } from './bytes.ts';
import { isInvisible, quotedValue, unquotedValue, type Read } from './values.ts';

/** One assignment of `.env`. A later one of the same name replaces it. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

export interface EnvFile {
  readonly assignments: readonly Assignment[];
  readonly faults: readonly LineFault[];
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;

/**
 * Parses the content of `.env`. The format is that of Node (https://nodejs.org/api/environment_variables.html#dotenv), without what Node
 * drops or changes without an error, and without what Docker Compose, which reads the same file, would read differently (docs/adr/0025).
 * @param isOurs whether a variable is a setting: a quoted value must not contain a line that sets one
 */
export function parseEnvFile(bytes: Uint8Array, isOurs: (name: string) => boolean): EnvFile {
  const decoded = decodeText(bytes);
  if ('faults' in decoded) return { assignments: [], faults: decoded.faults };
  const assignments: Assignment[] = [];
  const faults: LineFault[] = [];
  const { lines } = decoded;
  for (let index = 0; index < lines.length;) {
    const line = index + 1;
    const read = readLine(lines, index, isOurs);
    index += read?.lines ?? 1;
    if (read === null) continue;
    if ('fault' in read) faults.push({ line, reason: read.fault });
    else assignments.push({ name: read.name, value: read.value, line });
  }
  return { assignments, faults };
}

/** null: the line has no assignment. */
function readLine(
  lines: readonly string[],
  index: number,
  isOurs: (name: string) => boolean,
): (Read & { readonly name: string }) | { readonly fault: string; readonly lines?: number } | null {
  const written = (lines[index] ?? '').replace(/^[ \t]+/, '');
  if (written === '' || written.startsWith('#')) return null;
  const line = written.replace(/^export[ \t]+/, '');
  const name = NAME.exec(line)?.[0];
  if (name === undefined) return { fault: 'begins with no name of a variable: write NAME=value' };
  const rest = line.slice(name.length).replace(/^[ \t]+/, '');
  if (!rest.startsWith('=')) return { fault: withoutEquals(name, rest) };
  const value = rest.slice(1);
  const quoted = /^[ \t]*(['"`].*)$/su.exec(value)?.[1];
  const read = quoted === undefined ? unquotedValue(value) : quotedValue(quoted, lines, index, isOurs);
  return 'fault' in read ? read : { ...read, name };
}

function withoutEquals(name: string, rest: string): string {
  if (rest.startsWith(':')) return 'has a colon after the name: write NAME=value';
  if (isInvisible(rest.slice(0, 1))) return 'has an invisible character after the name: delete it';
  return name === 'export' || rest === '' ? 'has no =: write NAME=value' : 'has no = after the name: write NAME=value';
}
