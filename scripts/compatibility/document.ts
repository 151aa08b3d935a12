/** Reads a parsed OpenAPI 3.0 document, and defines the findings of a comparison. */

export type Node = Readonly<Record<string, unknown>>;

/** A change that may break a client which was made for the released contract. */
export interface BreakingChange {
  /** Where, as a JSON pointer into the contract (RFC 6901); parameters by place and name. */
  readonly at: string;
  readonly what: string;
}

/** One of the two documents; it resolves its references. */
export interface Document {
  readonly root: Node;
  readonly resolve: (node: unknown) => Node;
}

export function documentOf(root: Node): Document {
  const resolve = (node: unknown): Node => {
    const { $ref } = (node ?? {}) as { $ref?: string };
    if ($ref === undefined) return (node ?? {}) as Node;
    const keys = $ref.replace('#/', '').split('/').map(unescaped);
    return resolve(keys.reduce<unknown>((parent, key) => (parent as Node | undefined)?.[key], root));
  };
  return { root, resolve };
}

/** Returns whether two values are equal. It may report another order of members as a change, but never hides a change. */
export function isSame(was: unknown, is: unknown): boolean {
  return JSON.stringify(was) === JSON.stringify(is);
}

/** The members of an object that may not be there. */
export function entries(node: unknown): [string, Node][] {
  return Object.entries((node ?? {}) as Record<string, Node>);
}

export function below(at: string, ...keys: readonly string[]): string {
  return [at, ...keys.map(escaped)].join('/');
}

/**
 * Returns the location of two nodes: the target if both are references, so a change of the target is reported once and not
 * for each of its users.
 */
export function placeOf(was: unknown, is: unknown, at: string): string {
  const [old, now] = [was, is].map((node) => ((node ?? {}) as { $ref?: string }).$ref);
  return old !== undefined && old === now ? old : at;
}

/** A value in a message: short, on one line. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
const unescaped = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~');
