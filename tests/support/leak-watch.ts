import { contract } from './contract-check.ts';
import { valuesOfBody, valuesOfForm } from './sent-values.ts';

/**
 * Looks for values that must not be in a log: in every line, as it arrives, for everything that the service keeps secret or
 * has received until then.
 *
 * The rule, which neither misses a truncated leak nor reports a coincidence:
 * - No line contains a whole secret.
 * - Some fields are not checked because of their kind: an instant, a duration, a method, a route of the contract, an id that was
 *   sent as one, a requested path without 5 digits in a row, and single words in lower case, which are the service's own
 *   (`created`, `whatsapp`). Such words are not looked for either when a client sends them.
 * - Every other string of a line, including the names of its fields, neither equals a sent value (3 characters or more)
 *   nor contains 8 characters of one. The check looks for each value in parts of 8 characters, so that it finds any 15 of
 *   them wherever they were cut out, and the beginning of a value from 8 characters on.
 * - Nor does it contain 5 digits in a row of a phone number; 4, its end, may be shown. An address with a port is
 *   removed before, because both consist of digits.
 */
export interface LeakWatch {
  /** Reads the secrets from the variables that hold some. */
  readonly secretsOf: (environment: Readonly<Record<string, string | undefined>>) => void;
  /** A request, or its known parts. */
  readonly sent: (request: SentRequest) => void;
  /** The leaks in a line, in words. */
  readonly leaks: (line: string) => string[];
  /** The leaks in text that is not a line of JSON, such as stderr. */
  readonly leaksInText: (text: string) => string[];
}

export interface SentRequest {
  /** Path and query, as sent. */
  readonly target?: string | undefined;
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>> | undefined;
  readonly body?: string | Uint8Array | null | undefined;
}

const PART = 8;
const SHORTEST = 3;
const DIGITS = 5;
/** The check covers only this number of characters of a longer value. */
const LONGEST = 16_384;
const OWN_WORD = /^[a-z_]{1,32}$/;
/** Values that the rule of digits does not apply to: a log may count to a hundred. */
const NUMBER = /^[\d.]+$/;
const PHONE_NUMBER = /^(?:[a-z]+:)?[+ ]?\d{5,15}$/;
const ADDRESS = /(?:\d{1,3}(?:\.\d{1,3}){3}|\[?::1\]?|localhost):\d{1,5}\b/g;
const HOLDS_SECRET = /SECRET|TOKEN|PASSWORD|KEY/;
const SETS_SECRET = /_(?:EXPIRES_AT|SECONDS)$/;
const CONFIDENTIAL_HEADER = /signature|authorization|cookie/i;

const ROUTES = new Set(Object.keys(contract['paths'] as object));
const ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})$/;
/** A path as it is logged without a route, except for the digits that are hidden in it. */
const outlineOf = (path: string): string => path.slice(0, 256).replaceAll(/%3\d|[\d*]/g, '*');
const isNumber = (value: unknown): boolean => typeof value === 'number';

export function leakWatch(): LeakWatch {
  const secrets = new Set<string>();
  const ids = new Set<string>();
  const paths = new Set<string>();
  const values = new Set<string>();
  const parts = new Set<string>();
  const digits = new Set<string>();

  /** The values that a field may have, whatever else was sent. */
  const natural: Readonly<Record<string, (value: unknown) => boolean>> = {
    ts: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(String(value)),
    level: (value) => ['DEBUG', 'INFO', 'WARNING', 'ERROR'].includes(String(value)),
    method: (value) => /^[A-Z-]{3,11}$/.test(String(value)),
    path: (value) => ROUTES.has(String(value)) || (paths.has(outlineOf(String(value))) && !/\d{5}/.test(String(value))),
    request_id: (value) => ID.test(String(value)) || ids.has(String(value)),
    trace_id: (value) => ID.test(String(value)),
    span_id: (value) => /^[0-9a-f]{16}$/.test(String(value)),
    message_id: (value) => ids.has(String(value)),
    migration: (value) => /^\d{14}_[a-z_]+$/.test(String(value)),
    status: isNumber,
    latency_ms: isNumber,
    port: isNumber,
    startup_ms: isNumber,
  };

  function secret(word: string): void {
    if (word === '') return;
    secrets.add(word);
    secrets.add(JSON.stringify(word).slice(1, -1));
  }

  function confidential(value: string): void {
    if (PHONE_NUMBER.test(value)) for (const run of runsOf(value)) digits.add(run);
    if (value.length < SHORTEST || OWN_WORD.test(value)) return;
    const text = value.slice(0, LONGEST);
    if (!NUMBER.test(text)) values.add(text);
    for (let at = 0; at + PART <= text.length; at += PART) parts.add(text.slice(at, at + PART));
  }

  function* leaksOf(text: string): Generator<string> {
    if (values.has(text)) yield text;
    for (let at = 0; at + PART <= text.length; at++) {
      const part = text.slice(at, at + PART);
      if (parts.has(part)) yield part;
    }
    for (const run of runsOf(text.replaceAll(ADDRESS, ''))) if (digits.has(run)) yield `the digits ${run}`;
  }

  function secretsIn(line: string): string[] {
    return [...secrets].filter((word) => line.includes(word));
  }

  return {
    secretsOf(environment) {
      for (const [name, value = ''] of Object.entries(environment)) {
        if (name === 'DATABASE_URL' && URL.canParse(value)) {
          const { password } = new URL(value);
          secret(password);
          secret(decodeURIComponent(password));
        }
        if (name === 'OTEL_EXPORTER_OTLP_HEADERS') {
          for (const pair of value.split(',')) secret(decodeURIComponent(pair.slice(pair.indexOf('=') + 1)));
        }
        if (!HOLDS_SECRET.test(name) || SETS_SECRET.test(name)) continue;
        const words = name.endsWith('_KEYS') ? value.split(',').map((key) => key.trim()) : [value];
        for (const word of words) secret(word.replace(/^wh(?:sec|pk)_/, ''));
      }
    },

    sent({ target = '', headers = {}, body }) {
      for (const [name, given] of Object.entries(headers)) {
        const value = String(given ?? '');
        if (name.toLowerCase() === 'x-request-id') ids.add(value);
        if (CONFIDENTIAL_HEADER.test(name)) for (const word of value.split(/[\s,]+/)) confidential(word);
      }
      const path = target.split('?', 1)[0] ?? '';
      paths.add(outlineOf(path));
      for (const run of runsOf(path.replaceAll(/%3(\d)/g, '$1'))) digits.add(run);
      const query = target.includes('?') ? target.slice(target.indexOf('?') + 1) : '';
      for (const value of valuesOfForm(query)) confidential(value);
      if (body === undefined || body === null) return;
      const text = Buffer.from(body).toString();
      for (const { name, value } of valuesOfBody(text)) {
        if (name === 'message_id' || name === 'id') ids.add(value);
        else confidential(value);
      }
    },

    leaks(line) {
      const found = new Set(secretsIn(line));
      for (const text of stringsOf(JSON.parse(line), natural)) for (const leak of leaksOf(text)) found.add(leak);
      return [...found];
    },

    leaksInText: (text) => [...new Set([...secretsIn(text), ...leaksOf(text)])],
  };
}

function runsOf(text: string): string[] {
  return (text.match(/\d{5,}/g) ?? []).flatMap((run) =>
    Array.from({ length: run.length - DIGITS + 1 }, (_, at) => run.slice(at, at + DIGITS)),
  );
}

/** Strings, numbers and names of fields, except for those that belong to a field's kind, and the service's own words. */
function* stringsOf(value: unknown, natural: Readonly<Record<string, (value: unknown) => boolean>>): Generator<string> {
  if (typeof value === 'string' || typeof value === 'number') {
    if (!OWN_WORD.test(String(value))) yield String(value);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      if (Object.hasOwn(natural, name) && natural[name]?.(inner) === true) continue;
      if (!OWN_WORD.test(name)) yield name;
      yield* stringsOf(inner, natural);
    }
  }
}
