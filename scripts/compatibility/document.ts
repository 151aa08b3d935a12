/** Reading an OpenAPI 3.0 document that has been parsed, and what a comparison of two has to say. */

export type Node = Readonly<Record<string, unknown>>;

/** A change that may break a client which was made for the released contract. */
export interface BreakingChange {
  /** Where, as a JSON pointer into the contract (RFC 6901); parameters by place and name. */
  readonly at: string;
  readonly what: string;
}

/** One of the two documents, which knows what its references stand for. */
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

/** Whether two values say the same. Another order of members is taken for a change, if need be: it never hides one. */
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

/** Where two nodes stand: at what both refer to, so that a change there is one change and not as many as it has users. */
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
