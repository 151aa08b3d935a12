import fc from 'fast-check';
import { characters, idCharacters, textCharacters, writtenInstants } from '../support/arbitraries.ts';
import { resolve, schemaFaults, type Node } from '../support/contract-check.ts';

/** Values for a schema of the contract: those that it takes, often just at its limits, and those that it does not. */

/** What has no type may be anything. */
interface Schema {
  readonly type?: 'string' | 'integer' | 'object' | 'array';
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly nullable?: boolean;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly example?: unknown;
}

const FORMATS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'date-time': writtenInstants.map(({ text }) => text),
  'message-id': fc.string({ unit: idCharacters, minLength: 1, maxLength: 40 }),
  'message-text': fc.string({ unit: textCharacters, maxLength: 200 }),
};

/** Longer ones than this are cut off by HTTP before they come to any schema. */
const LONGEST = 5_000;

/** A value that the schema takes; what it shows as an example is one of the likeliest. */
export function valid(node: unknown): fc.Arbitrary<unknown> {
  const schema = resolve(node) as Schema;
  const own = { string: validString, integer: validInteger, object: validObject, array: () => fc.constant([]) };
  const value = schema.type === undefined ? fc.jsonValue({ maxDepth: 2 }) : own[schema.type](schema);
  const choices: fc.Arbitrary<unknown>[] = [value, value];
  if (schema.example !== undefined) choices.push(fc.constant(schema.example));
  if (schema.nullable === true) choices.push(fc.constant(null));
  return fc.oneof(...choices).filter((candidate) => isValid(node, candidate));
}

/** A value that the schema does not take, in one way. Nothing is broken where everything is valid. */
export function broken(node: unknown): fc.Arbitrary<unknown> | null {
  const schema = resolve(node) as Schema;
  if (schema.type === undefined) return null;
  const own = { string: brokenString, integer: brokenInteger, object: brokenObject, array: () => [] };
  const candidates = [fc.constantFrom<unknown>(null, true, 0, 1.5, 'word', [], {}), ...own[schema.type](schema)];
  return fc.oneof(...candidates).filter((candidate) => !isValid(node, candidate));
}

function isValid(node: unknown, value: unknown): boolean {
  return schemaFaults(resolve(node) as Node, value, 'value', 'open').length === 0;
}

function validString({ enum: words, format = '', pattern = '', maxLength = LONGEST }: Schema): fc.Arbitrary<string> {
  if (words !== undefined) return fc.constantFrom(...words);
  const natural = FORMATS[format] ?? fc.stringMatching(new RegExp(pattern, 'u'));
  const limit = Math.min(maxLength, LONGEST);
  return fc.oneof(
    { weight: 3, arbitrary: natural },
    { weight: 1, arbitrary: natural.map((text) => stretched(text, limit)) },
  );
}

/** Just as long as allowed; whether it is still valid is for the caller to see. */
function stretched(text: string, length: number): string {
  const last = Array.from(text).at(-1);
  return last === undefined ? text : text + last.repeat(Math.max(0, length - Array.from(text).length));
}

function brokenString({ minLength = 0, maxLength = LONGEST }: Schema): fc.Arbitrary<string>[] {
  const tooLong = characters.map((character) => character.repeat(Math.min(maxLength, LONGEST) + 1));
  const wrong = fc.string({ unit: characters, maxLength: 20 });
  return minLength > 0 ? [tooLong, wrong, fc.constant('')] : [tooLong, wrong];
}

function validInteger({ minimum = 0, maximum = 0 }: Schema): fc.Arbitrary<number> {
  return fc.oneof(
    fc.constantFrom(minimum, maximum),
    fc.maxSafeInteger().map((n) => minimum + (Math.abs(n) % maximum)),
  );
}

function brokenInteger({ minimum = 0, maximum = 0 }: Schema): fc.Arbitrary<number>[] {
  return [fc.constantFrom(minimum - 1, maximum + 1, -0.5, 1e300), fc.double({ noNaN: true, noDefaultInfinity: true })];
}

function validObject({ properties = {}, required = [] }: Schema): fc.Arbitrary<object> {
  const members = Object.fromEntries(Object.entries(properties).map(([name, node]) => [name, valid(node)]));
  const unknown = fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 });
  return fc
    .tuple(unknown, fc.record(members, { requiredKeys: [...required] }))
    .map(([others, known]) => ({ ...others, ...known }));
}

function brokenObject(schema: Schema): fc.Arbitrary<object>[] {
  const { properties = {}, required = [] } = schema;
  const missing = required.map((name) =>
    validObject(schema).map((whole) => Object.fromEntries(Object.entries(whole).filter(([key]) => key !== name))),
  );
  const wrong = Object.entries(properties).flatMap(([name, node]) => {
    const value = broken(node);
    return value === null
      ? []
      : [fc.tuple(validObject(schema), value).map(([whole, bad]) => ({ ...whole, [name]: bad }))];
  });
  return [...missing, ...wrong];
}
