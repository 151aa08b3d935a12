import { LineFault } from './read-lines.ts';

const NEWLINE = 10;

/**
 * The lines of a stream of bytes, without their ends. Holds one line at a time, of `maxBytes` at most; throws LineFault at a
 * longer one, and at one that is not UTF-8.
 */
export async function* splitLines(stream: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let pieces: Uint8Array[] = [];
  let length = 0;

  function take(piece: Uint8Array): void {
    pieces.push(piece);
    length += piece.length;
    if (length > maxBytes) throw new LineFault(`it is longer than ${String(maxBytes)} bytes`);
  }

  function line(): string {
    const bytes = pieces.length === 1 ? (pieces[0] ?? Buffer.of()) : Buffer.concat(pieces);
    pieces = [];
    length = 0;
    try {
      return utf8.decode(bytes);
    } catch {
      throw new LineFault('it is not UTF-8');
    }
  }

  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      take(chunk.subarray(from, end));
      yield line();
      from = end + 1;
    }
    if (from < chunk.length) take(chunk.subarray(from));
  }
  if (length > 0) yield line();
}
