/** prom-client sorts and joins the labels at every call: a series of a hot path is looked up once, and kept by a key of our own. */
export function series<T>(): (key: string, make: () => T) => T {
  const known = new Map<string, T>();
  return (key, make) => {
    const found = known.get(key) ?? make();
    known.set(key, found);
    return found;
  };
}
