import { isUtf8 } from 'node:buffer';
import { UsageError } from '../run-command.ts';

/** Returns a command for a POSIX shell that sends exactly these bytes, from the file if there is one. */
export function curlCommand(
  url: string,
  headers: Readonly<Record<string, string>>,
  file: string | undefined,
  body: Buffer,
): string {
  const lines = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  return [`curl -X POST ${quoted(url)}`, ...lines, data(file, body)].join(' \\\n  ');
}

function data(file: string | undefined, body: Buffer): string {
  if (file !== undefined && file !== '-') return `--data-binary ${quoted(`@${file}`)}`;
  if (!isUtf8(body) || body.includes(0)) throw new UsageError('this body is no text: put it into a file for --curl');
  return `--data-raw ${quoted(body.toString())}`; // unlike -d, does not interpret a leading @
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
