import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

/**
 * Judges answers by api/openapi.yaml alone. It shares no code with the server, so that a mistake in how
 * the server reads the contract shows here.
 */

export type Node = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export const contractYaml = readFileSync(new URL('../../api/openapi.yaml', import.meta.url), 'utf8');
export const contract = parse(contractYaml) as Node;

/** Headers that HTTP itself adds to an answer, so that the contract need not name them. */
const HTTP_HEADERS = ['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'transfer-encoding'];
/** The headers of Helmet that info.description promises. */
export const HELMET_HEADERS = [
  'content-security-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'origin-agent-cluster',
  'referrer-policy',
  'strict-transport-security',
  'x-content-type-options',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
];

/** The CORS headers of info.description: on every answer to a page of an allowed origin, and on the answer to its preflight. */
const CORS_HEADERS = ['access-control-allow-origin', 'access-control-expose-headers', 'vary'];
const PREFLIGHT_HEADERS = [
  'access-control-allow-origin',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-max-age',
  'vary',
];

/** Every deviation of an answer from the contract, as readable lines; empty if there is none. */
export function contractFaults(method: string, path: string, answer: Answer): string[] {
  const { template, item } = pathItem(path.split('?', 1)[0] ?? '');
  const operation = item?.[method === 'HEAD' ? 'get' : method.toLowerCase()] as Node | undefined;
  const isPreflight = method === 'OPTIONS' && answer.status === 204 && item?.['get'] !== undefined;
  const faults = isPreflight
    ? preflightFaults(answer)
    : operation === undefined
      ? undeclaredFaults(answer, item)
      : declaredFaults(answer, operation);
  faults.push(...corsFaults(answer, isPreflight), ...requestIdFaults(answer), ...bodilessFaults(method, answer));
  faults.push(...HELMET_HEADERS.filter((name) => !answer.headers.has(name)).map((name) => `header ${name} is missing`));
  if (method !== 'HEAD' && answer.status !== 304 && !isPreflight) faults.push(...bodyFaults(answer, operation, item));
  return faults.map((fault) => `${method} ${template ?? path} ${String(answer.status)}: ${fault}`);
}

/** The faults of the answer to an unreadable request, which belongs to no path. */
export function unreadableFaults(answer: Answer): string[] {
  return [...requestIdFaults(answer), ...problemFaults(answer, '/problems/bad-request')];
}

/** The path template and its operations for a requested path; literal segments precede parameters. */
export function pathItem(path: string): { template?: string; item?: Node } {
  const segments = path.split('/');
  const fits = (template: string): boolean => {
    const parts = template.split('/');
    const fit = (part: string, i: number): boolean =>
      part.startsWith('{') ? segments[i] !== '' : part === segments[i];
    return parts.length === segments.length && parts.every(fit);
  };
  const found = Object.entries(contract['paths'] as Record<string, Node>).filter(([template]) => fits(template));
  const [best] = found.sort(([a], [b]) => Number(a.includes('{')) - Number(b.includes('{')));
  return best === undefined ? {} : { template: best[0], item: best[1] };
}

function declaredFaults({ status, headers }: Answer, operation: Node): string[] {
  const response = (resolve(operation['responses']) as Node)[String(status)];
  if (response === undefined) return ['this status is not declared'];
  const { headers: declared = {}, content } = resolve(response) as { headers?: Record<string, Node>; content?: Node };
  const faults = Object.entries(declared).flatMap(([name, header]) => headerFaults(headers.get(name), name, header));
  const known = [
    ...HTTP_HEADERS,
    ...HELMET_HEADERS,
    ...CORS_HEADERS,
    ...Object.keys(declared).map((name) => name.toLowerCase()),
  ];
  for (const name of headers.keys()) if (!known.includes(name)) faults.push(`header ${name} is not declared`);
  if (content === undefined && headers.has('content-type')) faults.push('a content type without content');
  if (content !== undefined && !(mediaType(headers) in content)) faults.push(`${mediaType(headers)} is not declared`);
  return faults;
}

/** The rules of the contract, in words, for paths and methods that it does not list. */
function undeclaredFaults({ status, headers }: Answer, item: Node | undefined): string[] {
  if (item === undefined) return status === 404 ? [] : ['a path that is not in the contract is a 404'];
  const allowed = Object.keys(item).flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
  const faults = status === 405 ? [] : ['a method that is not in the contract is a 405'];
  const allow = headers.get('allow')?.split(/, */) ?? [];
  if (allow.sort().join() !== allowed.sort().join()) faults.push(`Allow is ${String(headers.get('allow'))}`);
  return faults;
}

function preflightFaults({ headers, body }: Answer): string[] {
  const known = [...HTTP_HEADERS, ...HELMET_HEADERS, ...PREFLIGHT_HEADERS, 'x-request-id'];
  return [
    ...PREFLIGHT_HEADERS.filter((name) => !headers.has(name)).map((name) => `header ${name} is missing`),
    ...[...headers.keys()].filter((name) => !known.includes(name)).map((name) => `header ${name} is not declared`),
    ...(headers.get('access-control-allow-methods') === 'GET,HEAD' ? [] : ['a preflight allows GET and HEAD']),
    ...(body === '' ? [] : ['a preflight with a body']),
  ];
}

/** One origin and not all, never with credentials, and with Vary for caches. */
function corsFaults({ headers }: Answer, isPreflight: boolean): string[] {
  const names = [...headers.keys()].filter((name) => name.startsWith('access-control-'));
  const origin = headers.get('access-control-allow-origin');
  if (origin === null) return names.map((name) => `header ${name} without an allowed origin`);
  const known = isPreflight ? PREFLIGHT_HEADERS : CORS_HEADERS;
  return [
    ...names.filter((name) => !known.includes(name)).map((name) => `header ${name} is not declared`),
    ...known.filter((name) => !headers.has(name)).map((name) => `header ${name} is missing`),
    ...(URL.canParse(origin) && new URL(origin).origin === origin ? [] : [`${origin} is not an origin`]),
    ...(headers.get('vary') === 'Origin' ? [] : ['Vary is not Origin']),
  ];
}

function headerFaults(value: string | null, name: string, reference: Node): string[] {
  const { required, schema } = resolve(reference) as { required?: boolean; schema: Node };
  if (value === null) return required === true ? [`header ${name} is missing`] : [];
  const { type } = resolve(schema) as { type?: string };
  return schemaFaults(schema, type === 'integer' ? Number(value) : value, `header ${name}`);
}

function requestIdFaults({ headers }: Answer): string[] {
  const reference = ((contract['components'] as Node)['headers'] as Record<string, Node>)['XRequestID'] ?? {};
  return headerFaults(headers.get('x-request-id'), 'X-Request-ID', reference);
}

function bodilessFaults(method: string, { status, body, headers }: Answer): string[] {
  if (method === 'HEAD' || status === 304) return body === '' ? [] : ['it has a body'];
  const length = headers.get('content-length');
  return length === null || Number(length) === Buffer.byteLength(body)
    ? []
    : ['Content-Length is not that of the body'];
}

function bodyFaults(answer: Answer, operation: Node | undefined, item: Node | undefined): string[] {
  if (operation === undefined) {
    return problemFaults(answer, item === undefined ? '/problems/not-found' : '/problems/method-not-allowed');
  }
  const response = resolve((operation['responses'] as Node)[String(answer.status)]) as { content?: Node } | undefined;
  const media = response?.content?.[mediaType(answer.headers)] as { schema: Node } | undefined;
  if (media === undefined) return answer.body === '' || response === undefined ? [] : ['a body that is not declared'];
  const isProblem = mediaType(answer.headers) === 'application/problem+json';
  return [
    ...schemaFaults(media.schema, bodyValue(answer), 'body'),
    ...(isProblem ? problemFaults(answer, undefined, media.schema) : []),
  ];
}

/** A problem repeats the status line and the request id. */
function problemFaults(answer: Answer, type?: string, schema: Node = problemSchema()): string[] {
  if (mediaType(answer.headers) !== 'application/problem+json') return ['it is not a problem+json'];
  const problem = bodyValue(answer) as Partial<Record<string, unknown>> | null;
  const faults = schemaFaults(schema, problem, 'body');
  if (problem?.['status'] !== answer.status) faults.push('the problem has another status');
  if (problem?.['instance'] !== answer.headers.get('x-request-id')) faults.push('instance is not the request id');
  if (type !== undefined && problem?.['type'] !== type) faults.push(`the problem is not ${type}`);
  return faults;
}

function bodyValue({ headers, body }: Answer): unknown {
  if (!mediaType(headers).endsWith('json')) return body;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

export function mediaType(headers: Headers): string {
  return headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? 'nothing';
}

function problemSchema(): Node {
  return ((contract['components'] as Node)['schemas'] as Record<string, Node>)['Problem'] ?? {};
}

const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false, strictRequired: true });
ajv.addVocabulary(['example']);
addFormats.default(ajv);
ajv.addFormat('message-id', (text) => text.isWellFormed() && !/\p{Cc}/u.test(text));
ajv.addFormat('message-text', (text) => text.isWellFormed() && !text.includes('\0'));

const validators = { closed: new Map<Node, ValidateFunction>(), open: new Map<Node, ValidateFunction>() };

/** The violations of a schema of the contract by a value. `closed`: members that the schema does not name are violations, too. */
export function schemaFaults(schema: Node, value: unknown, what: string, mode: 'closed' | 'open' = 'closed'): string[] {
  const validate = validators[mode].get(schema) ?? ajv.compile(dereference(schema, mode === 'closed') as Node);
  validators[mode].set(schema, validate);
  if (value === undefined) return [`${what} is not there, or not JSON`];
  validate(value);
  return (validate.errors ?? []).map((error: ErrorObject) => `${what}${error.instancePath} ${String(error.message)}`);
}

/** The node that a reference stands for, or the node itself. */
export function resolve(node: unknown): unknown {
  if (typeof node !== 'object' || node === null || !('$ref' in node)) return node;
  const keys = String(node.$ref).replace('#/', '').split('/');
  return resolve(keys.reduce<unknown>((parent, key) => (parent as Node)[key], contract));
}

/** A schema without references, with the parts of `allOf` merged, and closed on demand. */
function dereference(node: unknown, closed: boolean): unknown {
  if (Array.isArray(node)) return node.map((item) => dereference(item, closed));
  if (typeof node !== 'object' || node === null) return node;
  if ('$ref' in node) return dereference(resolve(node), closed && !String(node.$ref).endsWith('/OpenapiDocument'));
  const { allOf, ...own } = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, dereference(value, closed)]),
  );
  const whole = Array.isArray(allOf) ? merge(allOf as Node[], own) : own;
  return closed && whole['type'] === 'object' && 'properties' in whole
    ? { ...whole, additionalProperties: false }
    : whole;
}

function merge(parts: readonly Node[], own: Node): Record<string, unknown> {
  const required = parts.flatMap((part) => (part['required'] ?? []) as string[]);
  const properties = Object.assign({}, ...parts.map((part) => part['properties'])) as Node;
  return { type: 'object', ...own, required, properties };
}
