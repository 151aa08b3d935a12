import { TextDecoder } from 'node:util';

/** A part of the file that has no certain meaning. The reason never contains a value: it may be a secret. */
export interface LineFault {
  /** From 1; null if the whole file is meant. */
  readonly line: number | null;
  readonly reason: string;
}

const [LF, CR] = [0x0a, 0x0d];

/** The lines of a text in UTF-8, with or without a byte order mark, whose lines end with LF or CR LF. */
export function decodeText(
  bytes: Uint8Array,
): { readonly lines: readonly string[] } | { readonly faults: readonly LineFault[] } {
  const whole = wholeFault(bytes);
  if (whole !== null) return { faults: [{ line: null, reason: whole }] };
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const lines: string[] = [];
  const faults: LineFault[] = [];
  for (const [index, piece] of piecesOf(withoutMark(bytes)).entries()) {
    const reason = lineFault(piece, utf8);
    if (reason === null) lines.push(utf8.decode(piece));
    else faults.push({ line: index + 1, reason });
  }
  return faults.length > 0 ? { faults } : { lines };
}

/** Notepad and PowerShell write UTF-16, or UTF-8 with a mark. */
function wholeFault(bytes: Uint8Array): string | null {
  const [first = 0, second = 0] = bytes;
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const alternating = bytes.length > 1 && (first === 0) !== (second === 0);
  return marked || alternating ? 'is UTF-16: save it as UTF-8' : null;
}

function withoutMark(bytes: Uint8Array): Uint8Array {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return marked ? bytes.subarray(3) : bytes;
}

/** Without their ends. A CR that no LF follows stays in its piece. */
function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let from = 0; from <= bytes.length;) {
    const found = bytes.indexOf(LF, from);
    const end = found === -1 ? bytes.length : found;
    pieces.push(bytes.subarray(from, found !== -1 && end > from && bytes[end - 1] === CR ? end - 1 : end));
    from = end + 1;
  }
  return pieces;
}

function lineFault(piece: Uint8Array, utf8: TextDecoder): string | null {
  if (piece.includes(0)) return 'contains a NUL character';
  if (piece.includes(CR)) return 'contains a CR without LF: save the file with LF or CR LF as line ends';
  try {
    utf8.decode(piece);
    return null;
  } catch {
    return 'is not UTF-8: save the file as UTF-8';
  }
}
