import { readFileSync } from 'node:fs';
import type { Answer } from './contract-check.ts';

const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  dependencies: Readonly<Record<string, string>>;
};

/** Internal details that an answer may reveal, by the words that reveal them. */
const DETAILS: Readonly<Record<string, RegExp>> = {
  'a line of a stack': /(?:^|\s|\\n)at (?:async )?[\w.<>[\] ]+ \(|\bnode:internal\b|\.[cm]?[jt]s:\d+/,
  'a path': /file:\/\/|node_modules|(?:^|[\s"'(=])\/(?:app|data|etc|home|opt|root|srv|tmp|usr|var|work)\//,
  'a version': /\bv?\d+\.\d+\.\d+\b(?!\.\d)|\bnode\/|\bnode(?:\.js)? ?v?\d/i,
  'a library': new RegExp(`(?<![\\w-])(?:${Object.keys(dependencies).join('|')})(?![\\w-])`, 'i'),
  'the database': /\bsqlite|\bpostgres|\bSQLITE_|\bselect\b.+\bfrom\b|\brelation\b|\bno such table\b/i,
  'an error of the system': /\bE(?:ACCES|CONNREFUSED|CONNRESET|MFILE|NOENT|NOSPC|PIPE|PERM)\b|\b\w+Error\b/,
};
const HEADERS = ['server', 'x-powered-by', 'via', 'x-runtime', 'x-aspnet-version', 'x-generator'];
/** The client's own words, and the format of Prometheus, which has a version. */
const OTHERS_WORDS = ['x-request-id', 'content-type'];

/**
 * The internal details that an answer reveals, as readable lines: in the headers of every answer, and in the
 * body of an error, except for its `instance`, which is the client's own. Other bodies contain what people wrote.
 */
export function insideDetails({ status, headers, body }: Answer): string[] {
  const named = HEADERS.filter((name) => headers.has(name)).map((name) => `header ${name} tells of the inside`);
  const told = [...headers].filter(([name]) => !OTHERS_WORDS.includes(name)).map(([, value]) => value);
  return [...named, ...detailsIn(told.join('\n')), ...(status >= 400 ? detailsIn(withoutInstance(body)) : [])];
}

export function detailsIn(text: string): string[] {
  return Object.entries(DETAILS).flatMap(([what, words]) => {
    const found = words.exec(text)?.[0];
    return found === undefined ? [] : [`it tells ${what}: ${found}`];
  });
}

function withoutInstance(body: string): string {
  try {
    return JSON.stringify({ ...(JSON.parse(body) as object), instance: '' });
  } catch {
    return body;
  }
}
