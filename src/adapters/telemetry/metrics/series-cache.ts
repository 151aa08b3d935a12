/**
 * prom-client sorts and joins the labels at every call. So hot paths look up a series once, and keep it by their own key.
 */
export function series<T>(): (key: string, make: () => T) => T {
  const known = new Map<string, T>();
  return (key, make) => {
    const found = known.get(key) ?? make();
    known.set(key, found);
    return found;
  };
}
