/** Reads JSON whose shape a provider may change: unexpected values count as absent, never as an error. */

/** The string or number under that name, as text. */
export function textIn(value: object, name: string): string | undefined {
  const member = memberOf(value, name);
  if (typeof member === 'string') return member;
  return typeof member === 'number' ? String(member) : undefined;
}

/** The object under that name, or an empty one. */
export function objectIn(value: object, name: string): object {
  const member = memberOf(value, name);
  return isObject(member) ? member : {};
}

/** The objects in the list under that name. */
export function listIn(value: object, name: string): object[] {
  const member = memberOf(value, name);
  return Array.isArray(member) ? member.map((item: unknown) => (isObject(item) ? item : {})) : [];
}

function memberOf(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
