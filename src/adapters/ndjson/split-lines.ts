import { LineFault } from './read-lines.ts';

const NEWLINE = 10;
const MARK = [0xef, 0xbb, 0xbf];
/** What other tools write, by its first bytes. */
const NOT_LINES: readonly (readonly [readonly number[], string])[] = [
  [[0xff, 0xfe], 'the file is UTF-16: convert it to UTF-8, such as by "iconv -f UTF-16 -t UTF-8"'],
  [[0xfe, 0xff], 'the file is UTF-16: convert it to UTF-8, such as by "iconv -f UTF-16 -t UTF-8"'],
  [[0x7b, 0x00], 'the file is UTF-16: convert it to UTF-8, such as by "iconv -f UTF-16LE -t UTF-8"'],
  [[0x00, 0x7b], 'the file is UTF-16: convert it to UTF-8, such as by "iconv -f UTF-16BE -t UTF-8"'],
  [[0x1f, 0x8b], 'the file is compressed: unpack it first, such as by "gunzip -c"'],
];

/**
 * The lines of a stream of bytes, without their ends. Holds one line at a time, of `maxBytes` at most; throws LineFault at a
 * longer one, and at one that is not UTF-8. A byte order mark of UTF-8 at the start is skipped.
 */
export async function* splitLines(stream: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let pieces: Uint8Array[] = [];
  let length = 0;
  let isFirst = true;

  function take(piece: Uint8Array): void {
    pieces.push(piece);
    length += piece.length;
    if (length > maxBytes) throw new LineFault(`it is longer than ${String(maxBytes)} bytes`);
  }

  function line(): string {
    const joined = pieces.length === 1 ? (pieces[0] ?? Buffer.of()) : Buffer.concat(pieces);
    const bytes = isFirst ? beginning(joined) : joined;
    isFirst = false;
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

/** The first line without a byte order mark. Throws LineFault if its first bytes show another format. */
function beginning(line: Uint8Array): Uint8Array {
  for (const [bytes, fault] of NOT_LINES) if (beginsWith(line, bytes)) throw new LineFault(fault);
  return beginsWith(line, MARK) ? line.subarray(MARK.length) : line;
}

function beginsWith(line: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.every((byte, i) => line[i] === byte);
}
