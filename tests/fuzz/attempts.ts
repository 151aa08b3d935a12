import fc from 'fast-check';
import { pathItem, schemaFaults, type Node } from '../support/contract-check.ts';
import { bodyAttempts, validBody, type Body } from './bodies.ts';
import type { Operation, Parameter } from './requests.ts';
import { broken, valid } from './schema-values.ts';
import { rightHeaders, wrongHeaders } from './signatures.ts';

/** The requests for one operation: valid, or with one fault and the answer that this fault requires. */

type Headers = Readonly<Record<string, string>>;

export interface Attempt {
  /** What is right or wrong about it. */
  readonly attempt: string;
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: Buffer | null;
  /** The statuses that are correct. */
  readonly expected: readonly number[];
}

/** The read key of a service under the fuzzer. */
export const READ_KEY = 'fuzz-key-for-reading';

/** The possible answers to a valid request; the requested message need not exist. */
const GOOD: Readonly<Record<string, readonly number[]>> = {
  getMessage: [200, 404],
  getMessagePayload: [200, 404],
  getAsset: [200, 404],
  getStats: [200, 304],
  // A range may be empty or too long, which no schema can express.
  getTimeseries: [200, 422],
  listMessages: [200, 422],
  verifyWhatsAppSubscription: [200, 403],
};

/** Parameters without a valid value by the schema alone: a cursor has to come from the service. The attempt sends its example. */
const ONLY_EXAMPLE = ['cursor', 'bodySHA256'];
const LONGEST_HEADER = 2_000;
const LONGEST_IN_ADDRESS = 6_000;

export function operationAttempts(operation: Operation, origin: string): fc.Arbitrary<Attempt>[] {
  const { id, method, bodies } = operation;
  const good = GOOD[id] ?? [200];
  const plain = attempt(operation, origin, {});
  const attempts = [
    { weight: 6, arbitrary: plain('is valid', good) },
    { weight: 1, arbitrary: wrongMethod(operation, origin) },
    ...operation.parameters.flatMap((parameter) => parameterAttempts(operation, origin, parameter)),
    ...securityAttempts(operation, origin),
    ...bodies.flatMap((media) =>
      bodyAttempts(media).map(({ name, expected, body, headers = {} }) => ({
        weight: 2,
        arbitrary: attempt(operation, origin, { body, headers })(name, expected ?? good),
      })),
    ),
  ];
  if (method === 'GET') attempts.push({ weight: 2, arbitrary: head(plain('is a HEAD', good)) });
  return attempts.flatMap(({ weight, arbitrary }) => Array.from({ length: weight }, () => arbitrary));
}

interface Changes {
  readonly path?: fc.Arbitrary<string>;
  readonly query?: fc.Arbitrary<string>;
  readonly body?: fc.Arbitrary<Body>;
  readonly headers?: Headers;
  readonly security?: fc.Arbitrary<(signing: { url: string; body: Buffer }) => Headers>;
}

/** A valid attempt except for the changes. */
function attempt(operation: Operation, origin: string, changes: Changes) {
  const body = changes.body ?? (operation.bodies.length === 0 ? fc.constant(null) : validBody(operation));
  return (name: string, expected: readonly number[]): fc.Arbitrary<Attempt> =>
    fc
      .record({
        path: changes.path ?? validPath(operation),
        query: changes.query ?? validQuery(operation),
        headers: validHeaders(operation),
        secure: changes.security ?? rightSecurity(operation),
        body,
      })
      .map(({ path, query, headers, secure, body: sent }) => {
        const parameters = [query, ...(sent?.query ?? [])].filter(Boolean).join('&');
        const target = parameters === '' ? path : `${path}?${parameters}`;
        const bytes = sent?.bytes ?? null;
        const signed = secure({ url: `${origin}${target}`, body: bytes ?? Buffer.alloc(0) });
        return {
          attempt: name,
          method: operation.method,
          target,
          headers: { ...headers, ...signed, ...sent?.headers, ...changes.headers },
          body: bytes,
          expected,
        };
      });
}

function parameterAttempts(operation: Operation, origin: string, parameter: Parameter) {
  const { name, in: place, schema } = parameter;
  const bad = broken(schema)
    ?.map(asText)
    .filter((text) => isSendable(text) && !accepted(parameter, text));
  if (bad === undefined || place === 'header') return [];
  // The signature is checked first, and covers one parameter.
  const expected = name === 'bodySHA256' ? [401] : [422];
  if (place === 'path') {
    const path = bad
      .filter((text) => text !== '')
      .map((text) => operation.template.replace(`{${name}}`, encodeURIComponent(text)))
      .filter((text) => pathItem(text).template === operation.template);
    return [{ weight: 2, arbitrary: attempt(operation, origin, { path })(`has a bad ${name}`, expected) }];
  }
  const query = bad.map((text) => pair(name, text));
  const twice = fc
    .tuple(validText(parameter), validText(parameter))
    .map((texts) => texts.map((text) => pair(name, text)));
  return [
    { weight: 2, arbitrary: attempt(operation, origin, { query })(`has a bad ${name}`, expected) },
    {
      weight: 1,
      arbitrary: attempt(operation, origin, { query: twice.map((both) => both.join('&')) })(
        `has two of ${name}`,
        expected,
      ),
    },
  ];
}

/** Whether a value that is invalid as JSON is valid as text: a query contains only text. */
function accepted({ schema }: Parameter, text: string): boolean {
  const type = (schema as { type?: string }).type;
  if (type === 'integer') return /^-?\d+$/.test(text) && isIn(schema, Number(text));
  return isIn(schema, text);
}

function securityAttempts(operation: Operation, origin: string) {
  const { security } = operation;
  if (security === undefined) return [];
  const wrong =
    security === 'readKey'
      ? fc
          .oneof(fc.constant(null), fc.stringMatching(/^(Basic|Bearer|bearer)? *[!-~]{0,40}$/))
          .map((word) => () => (word === null ? {} : { Authorization: word.trim() }))
      : wrongHeaders(security);
  return [{ weight: 2, arbitrary: attempt(operation, origin, { security: wrong })('is not authentic', [401]) }];
}

function wrongMethod(operation: Operation, origin: string): fc.Arbitrary<Attempt> {
  const others = ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'POST', 'GET'].filter(
    (method) => pathItem(operation.template).item?.[method.toLowerCase()] === undefined,
  );
  return fc
    .tuple(attempt(operation, origin, {})('has a method of no operation', [405]), fc.constantFrom(...others))
    .map(([request, method]) => ({ ...request, method, body: method === 'GET' ? null : request.body }));
}

function head(attempts: fc.Arbitrary<Attempt>): fc.Arbitrary<Attempt> {
  return attempts.map((request) => ({ ...request, method: 'HEAD' }));
}

function rightSecurity({ security }: Operation): fc.Arbitrary<(signing: { url: string; body: Buffer }) => Headers> {
  if (security === undefined) return fc.constant(() => ({}));
  if (security === 'readKey') return fc.constant(() => ({ Authorization: `Bearer ${READ_KEY}` }));
  return rightHeaders(security);
}

function validPath({ template, parameters }: Operation): fc.Arbitrary<string> {
  const [parameter] = parameters.filter((one) => one.in === 'path');
  if (parameter === undefined) return fc.constant(template);
  return validText(parameter)
    .map((text) => template.replace(`{${parameter.name}}`, encodeURIComponent(text)))
    .filter((path) => pathItem(path).template === template);
}

/** Any of the parameters, in any order, with unknown ones among them. */
function validQuery({ parameters }: Operation): fc.Arbitrary<string> {
  const pairs = parameters
    .filter((one) => one.in === 'query' && !ONLY_EXAMPLE.includes(one.name))
    .map((parameter) => validText(parameter).map((text) => pair(parameter.name, text)));
  const unknown = fc.stringMatching(/^x[a-z]{0,5}=[a-z%2B+]{0,5}$/);
  return fc.tuple(...pairs.map((one) => fc.option(one)), fc.option(unknown)).chain((chosen) => {
    const present = chosen.filter((one) => one !== null);
    return fc.shuffledSubarray(present, { minLength: present.length }).map((all) => all.join('&'));
  });
}

function validHeaders({ parameters }: Operation): fc.Arbitrary<Headers> {
  const headers = parameters.filter((one) => one.in === 'header');
  return fc.record(
    Object.fromEntries(
      headers.map((parameter) => [parameter.name, validText(parameter).map((text) => text.slice(0, LONGEST_HEADER))]),
    ),
    { requiredKeys: [] },
  ) as fc.Arbitrary<Headers>;
}

function validText({ schema, example }: Parameter): fc.Arbitrary<string> {
  return fc.oneof(valid(schema), fc.constant(example)).map(asText).filter(isSendable);
}

/** Node rejects longer request lines itself. */
function isSendable(text: string): boolean {
  return text.isWellFormed() && encodeURIComponent(text).length < LONGEST_IN_ADDRESS;
}

const pair = (name: string, text: string): string => `${name}=${encodeURIComponent(text)}`;

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isIn(schema: Node, value: unknown): boolean {
  return schemaFaults(schema, value, 'value', 'open').length === 0;
}
