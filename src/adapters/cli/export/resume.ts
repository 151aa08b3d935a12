import { closeSync, ftruncateSync, openSync, readSync, fstatSync } from 'node:fs';
import type { ExportPlace } from '../../../application/ports/transfer.ts';
import { messageKey, type MessageId } from '../../../domain/message.ts';
import { provider } from '../../../domain/provider.ts';
import { timestamp } from '../../../domain/timestamp.ts';

const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 10;

/**
 * Truncates a partial file after the last line from which an export can resume, and returns that place and the new length;
 * 0 if not even the first line is complete. Throws if the first line belongs to another export.
 */
export function placeToResume(file: string, header: string): { place: ExportPlace | null; bytes: number } {
  const handle = openSync(file, 'r+');
  try {
    const size = fstatSync(handle).size;
    const first = Buffer.alloc(Math.min(size, Buffer.byteLength(header)));
    readSync(handle, first, 0, first.length, 0);
    if (!header.startsWith(first.toString()))
      throw new Error(`${file} was written with other filters, or is no export`);
    for (const { text, end } of linesBackwards(handle, size)) {
      const place = placeAfter(text);
      if (place === undefined) continue;
      ftruncateSync(handle, end);
      return { place, bytes: end };
    }
    ftruncateSync(handle, 0);
    return { place: null, bytes: 0 };
  } finally {
    closeSync(handle);
  }
}

/** undefined for a line that only later lines need, and for a line that a power cut has corrupted. */
function placeAfter(line: string): ExportPlace | undefined {
  let fields: Readonly<Record<string, string>>;
  try {
    fields = JSON.parse(line) as typeof fields;
  } catch {
    return undefined; // the message of the parser quotes it
  }
  const { kind, id = '', message_id: messageId = '', provider: name = '', ts = '' } = fields;
  const named = () => ({ messageId: messageId as MessageId, provider: provider(name) });
  if (kind === 'message') return { kind: 'messages', after: { sentAt: timestamp(ts), ...named() } };
  if (kind === 'status') return { kind: 'statuses', after: messageKey(named()) };
  return kind === 'unknown' ? { kind: 'unknown', after: BigInt(id) } : undefined;
}

/** Complete lines, the last first, with the offset of their end. Bytes after the last line break are skipped. */
function* linesBackwards(handle: number, size: number): Generator<{ text: string; end: number }> {
  let pieces: Buffer[] = []; // of the line that ends at `end`, in reverse order
  let end: number | null = null;
  for (let from = size; from > 0;) {
    const length = Math.min(CHUNK_BYTES, from);
    from -= length;
    let rest = Buffer.alloc(length);
    readSync(handle, rest, 0, length, from);
    for (let at = rest.lastIndexOf(NEWLINE); at !== -1; at = rest.lastIndexOf(NEWLINE)) {
      if (end !== null) yield { text: Buffer.concat([rest.subarray(at + 1), ...pieces]).toString(), end };
      pieces = [];
      end = from + at + 1;
      rest = rest.subarray(0, at);
    }
    pieces.unshift(rest);
  }
  if (end !== null) yield { text: Buffer.concat(pieces).toString(), end };
}
