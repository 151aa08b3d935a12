import { below, entries, isSame, placeOf, shown, type BreakingChange, type Document, type Node } from './document.ts';

/**
 * The side that writes the values of a schema. Values from clients may only become wider, because valid values must stay
 * valid. Values from the service may only become narrower, because clients must be able to read all of them.
 */
export type Direction = 'sent' | 'received';

/** Keywords that do not restrict values. */
const ANNOTATIONS = ['description', 'example', 'title', 'deprecated', 'externalDocs', 'xml'];
const UPPER_LIMITS = ['maximum', 'maxLength', 'maxItems', 'maxProperties'];
const LOWER_LIMITS = ['minimum', 'minLength', 'minItems', 'minProperties'];
/** Must be equal, or present on one side only: whether one pattern or format accepts less than another is undecidable here. */
const RESTRICTIONS = ['pattern', 'format', 'multipleOf', 'uniqueItems', 'additionalProperties'];
const UNDERSTOOD = [
  ...ANNOTATIONS,
  ...UPPER_LIMITS,
  ...LOWER_LIMITS,
  ...RESTRICTIONS,
  ...['type', 'enum', 'nullable', 'default', 'properties', 'required', 'items', 'allOf', '$ref'],
];

/** Lists the incompatible changes of a schema. A change of an unknown keyword counts as incompatible. */
export function schemaChanges(
  [before, was]: readonly [Document, unknown],
  [after, is]: readonly [Document, unknown],
  direction: Direction,
  from: string,
): BreakingChange[] {
  const at = placeOf(was, is, from);
  const [old, now] = [whole(before, was), whole(after, is)];
  const changes: BreakingChange[] = [];
  const broken = (keyword: string, why: string): void => {
    const what = `${keyword} was ${shown(old[keyword])}, is ${shown(now[keyword])}: ${why}`;
    changes.push({ at: below(at, keyword), what });
  };
  const sent = direction === 'sent';
  const refused = sent ? 'values that were right are refused' : 'clients get values that they do not know';
  /** Sent values may become wider; received values may become narrower. */
  const [wider, narrower] = sent ? [now, old] : [old, now];

  for (const keyword of ['type', ...RESTRICTIONS]) {
    if (keyword in wider && !isSame(wider[keyword], narrower[keyword])) broken(keyword, refused);
  }
  for (const keyword of UPPER_LIMITS)
    if (number(wider, keyword, Infinity) < number(narrower, keyword, Infinity)) broken(keyword, refused);
  for (const keyword of LOWER_LIMITS)
    if (number(wider, keyword, -Infinity) > number(narrower, keyword, -Infinity)) broken(keyword, refused);
  const words = wider['enum'] as unknown[] | undefined;
  const fewer = narrower['enum'] as unknown[] | undefined;
  const strange = (fewer ?? [undefined]).filter((word) => words?.includes(word) === false);
  if (strange.length > 0) changes.push({ at: below(at, 'enum'), what: `${strange.map(shown).join(', ')}: ${refused}` });
  if (narrower['nullable'] === true && wider['nullable'] !== true) broken('nullable', refused);
  if (!isSame(old['default'], now['default'])) broken('default', 'the same request means something else');

  const [oldRequired, nowRequired] = [required(old), required(now)];
  const demanded = sent
    ? nowRequired.filter((name) => !oldRequired.includes(name))
    : oldRequired.filter((name) => !nowRequired.includes(name));
  const members = (now['properties'] ?? {}) as Node;
  for (const name of demanded) {
    const why = sent ? 'is required now: bodies without it are refused' : 'was always there and need not be now';
    if (sent || name in members) changes.push({ at: below(at, 'required', name), what: why });
  }
  for (const [name, member] of entries(old['properties'])) {
    const place = below(at, 'properties', name);
    if (!(name in members)) changes.push({ at: place, what: 'is gone' });
    else changes.push(...schemaChanges([before, member], [after, members[name]], direction, place));
  }
  if ('items' in old && 'items' in now) {
    changes.push(...schemaChanges([before, old['items']], [after, now['items']], direction, below(at, 'items')));
  }
  for (const keyword of new Set([...Object.keys(old), ...Object.keys(now)])) {
    if (UNDERSTOOD.includes(keyword) || isSame(old[keyword], now[keyword])) continue;
    broken(keyword, 'a keyword that this comparison does not understand');
  }
  return changes;
}

/** Without a reference, and with the parts of `allOf` as one. */
function whole(document: Document, node: unknown): Node {
  const { allOf, ...own } = document.resolve(node) as Node & { allOf?: unknown[] };
  if (allOf === undefined) return own;
  const parts = allOf.map((part) => whole(document, part));
  const properties = Object.fromEntries(parts.flatMap((part) => entries(part['properties'])));
  const together = Object.fromEntries(parts.flatMap((part) => Object.entries(part)));
  return { ...together, ...own, required: parts.flatMap(required), properties };
}

const required = (schema: Node): string[] => (schema['required'] ?? []) as string[];

function number(schema: Node, keyword: string, absent: number): number {
  return (schema[keyword] as number | undefined) ?? absent;
}
