/** A value, and the number of lines that it takes. */
export interface Read {
  readonly value: string;
  readonly lines: number;
}

type ReadOrFault = Read | { readonly fault: string; readonly lines?: number };

/** Control characters, line and paragraph separators, marks without a glyph, and spaces other than the usual one. */
const INVISIBLE = /(?![ \t])[\p{Cc}\p{Cf}\p{Z}]/u;
/** Docker Compose replaces these by other variables, except in single quotes. */
const REFERENCE = /\$[A-Za-z_{]/;
const REFERENCE_FAULT = 'has $ before a name, which Docker Compose would replace: write the value in single quotes';

export function isInvisible(text: string): boolean {
  return INVISIBLE.test(text);
}

/** A value up to the end of its line, or up to a comment: # after a space. Spaces around it do not count. */
export function unquotedValue(written: string): ReadOrFault {
  const comment = /[ \t]#/.exec(written);
  const value = (comment === null ? written : written.slice(0, comment.index)).replace(/^[ \t]+|[ \t]+$/g, '');
  const fault = unquotedFault(value);
  return fault === null ? { value, lines: 1 } : { fault };
}

function unquotedFault(value: string): string | null {
  if (value.includes('#'))
    return 'has # without a space before it: write the value in single quotes, or put a space before a comment';
  if (/^[“”„‘’‚«»]/.test(value)) return 'has typographic quotation marks: write \' or "';
  if (/['"`]$/.test(value))
    return 'ends with a quotation mark that does not begin it: quote the whole value, or write it in other quotation marks';
  if (isInvisible(value))
    return 'has an invisible character in its value: delete it, or write the value in single quotes';
  if (value.endsWith('\\')) return 'ends with a backslash: a value in single quotes may have several lines';
  return REFERENCE.test(value) ? REFERENCE_FAULT : null;
}

/**
 * A value in quotation marks, which may have several lines. In double quotes, \n is a line end; any other backslash has a different meaning
 * for other readers of the file.
 * @param first begins with the quotation mark
 * @param lines of the file, of which `first` is a part of the one at `start`
 */
export function quotedValue(
  first: string,
  lines: readonly string[],
  start: number,
  isOurs: (name: string) => boolean,
): ReadOrFault {
  const quote = first[0] ?? '';
  const parts: string[] = [];
  for (let index = 0; start + index < lines.length; index++) {
    const text = index === 0 ? first.slice(1) : (lines[start + index] ?? '');
    const hidden = index > 0 ? /^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=/.exec(text)?.[1] : undefined;
    if (hidden !== undefined && isOurs(hidden)) {
      return { fault: `has a quotation mark that is not closed before the line of ${hidden}`, lines: index };
    }
    const end = closing(text, quote);
    if (end === 'escape') return { fault: BACKSLASH, lines: index + 1 };
    parts.push(end === null ? text : text.slice(0, end));
    if (end === null) continue;
    if (!/^[ \t]*$|^[ \t]+#/.test(text.slice(end + 1))) {
      return { fault: 'has text after the closing quotation mark', lines: index + 1 };
    }
    const value = parts.join('\n');
    if (quote !== "'" && REFERENCE.test(value)) return { fault: REFERENCE_FAULT, lines: index + 1 };
    return { value: quote === '"' ? value.replaceAll('\\n', '\n') : value, lines: index + 1 };
  }
  return { fault: 'has a quotation mark that is not closed' };
}

const BACKSLASH = 'has a backslash in double quotes, where only \\n has one meaning: write the value in single quotes';

/** Where the value ends in this line; null: not in this line. */
function closing(text: string, quote: string): number | 'escape' | null {
  const end = text.indexOf(quote);
  const inside = end === -1 ? text : text.slice(0, end);
  if (quote === '"' && /\\(?!n)/.test(inside)) return 'escape';
  return end === -1 ? null : end;
}
