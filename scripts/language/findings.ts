import { proseOf } from './prose.ts';
import { BANNED_WORDINGS } from './words.ts';

/** A banned wording in a file. */
export interface Finding {
  readonly line: number;
  readonly words: string;
  readonly instead: string;
}

/** The banned wordings in the prose of a file, in the order of their lines. */
export function findingsIn(path: string, content: string): Finding[] {
  const found = proseOf(path, content).flatMap(({ text, offset }) =>
    BANNED_WORDINGS.flatMap(({ pattern, instead }) =>
      Array.from(text.matchAll(pattern), (match) => ({
        line: lineAt(content, offset + match.index),
        words: match[0].replace(/[\s*/#>|]+/g, ' '),
        instead,
      })),
    ),
  );
  return found.sort((a, b) => a.line - b.line);
}

function lineAt(content: string, offset: number): number {
  let line = 1;
  for (let at = content.indexOf('\n'); at !== -1 && at < offset; at = content.indexOf('\n', at + 1)) line++;
  return line;
}
