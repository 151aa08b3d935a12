import type { ErrorObject } from 'ajv';
import type { ValidationErrorItem } from '../problem.ts';

/** FastAPI's names for parts of a request that openapi-backend calls otherwise. */
const PLACES: Readonly<Record<string, string>> = { requestBody: 'body' };

/** The words FastAPI's clients know (pydantic's error types), by the keyword of JSON Schema that failed. */
const TYPES: Readonly<Record<string, string>> = {
  required: 'missing',
  minimum: 'greater_than_equal',
  maximum: 'less_than_equal',
  minLength: 'string_too_short',
  maxLength: 'string_too_long',
  pattern: 'string_pattern_mismatch',
  enum: 'enum',
};

const FORMAT_MESSAGES: Readonly<Record<string, string>> = {
  'date-time': 'must be an RFC 3339 date-time that exists, with Z or an offset',
  'message-id': 'must be 1 to 255 characters without control characters or unpaired surrogates',
  'message-text': 'must be at most 4096 characters without U+0000 or unpaired surrogates',
};

/** Patterns that say less to people than words do. */
const PATTERN_MESSAGES: Readonly<Record<string, string>> = {
  '^\\+[0-9]{1,15}$': 'must be a phone number: + and 1 to 15 digits',
};

/** Converts Ajv's errors over `{ path, query, header, requestBody }` to FastAPI's items. */
export function validationErrorItems(errors: readonly ErrorObject[], input: unknown): ValidationErrorItem[] {
  const items = errors.map((error): ValidationErrorItem => {
    const path = pointerSegments(error.instancePath);
    if (error.keyword === 'required') path.push(String(error.params['missingProperty']));
    const [place = 'body', ...rest] = path;
    return {
      loc: [PLACES[place] ?? place, ...rest].slice(0, 8),
      msg: message(error, place, valueAt(input, path)),
      type: errorType(error),
    };
  });
  // One value can break a pattern and a format alike: one item for a place says enough.
  return items.filter((item, i) => items.findIndex(({ loc }) => loc.join('\0') === item.loc.join('\0')) === i);
}

function message(error: ErrorObject, place: string, value: unknown): string {
  if (place === 'query' && Array.isArray(value) && value.length > 1) {
    return `was given ${String(value.length)} times: give it once`;
  }
  // A `+` in a query string means a space (application/x-www-form-urlencoded), so an offset or a number loses its sign.
  if (place === 'query' && typeof value === 'string' && value.includes(' ') && /format|pattern/.test(error.keyword)) {
    return 'holds a space: write + as %2B in a query string';
  }
  if (error.keyword === 'required') return 'field required';
  if (error.keyword === 'format') return FORMAT_MESSAGES[String(error.params['format'])] ?? 'has the wrong format';
  if (error.keyword === 'enum')
    return `must be one of ${(error.params['allowedValues'] as unknown[]).join(', ')}`.slice(0, 256);
  const words = error.keyword === 'pattern' ? PATTERN_MESSAGES[String(error.params['pattern'])] : undefined;
  return (words ?? error.message ?? 'is not valid').slice(0, 256);
}

function errorType({ keyword, params }: ErrorObject): string {
  if (keyword === 'type') return `${String(params['type'])}_type`;
  if (keyword === 'format') return params['format'] === 'date-time' ? 'datetime_parsing' : 'value_error';
  return TYPES[keyword] ?? 'value_error';
}

function pointerSegments(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~').slice(0, 255));
}

function valueAt(input: unknown, path: readonly string[]): unknown {
  let value = input;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Record<string, unknown>)[segment];
  }
  return value;
}
