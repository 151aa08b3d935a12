/**
 * Whether a version may break clients of another by Semantic Versioning 2.0.0: the major one has risen, or, before 1.0.0,
 * the minor one. Throws RangeError when one is no version, or the new one is lower.
 */
export function mayBreak(released: string, current: string): boolean {
  const [old, now] = [numbers(released), numbers(current)];
  const first = old.findIndex((number, i) => number !== now[i]);
  if (first === -1) return false;
  if ((now[first] ?? 0) < (old[first] ?? 0))
    throw new RangeError(`version ${current} is lower than ${released}, which is released`);
  return first === 0 || (first === 1 && old[0] === 0);
}

function numbers(version: string): number[] {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new RangeError(`${version} is no version such as 1.2.3`);
  return version.split('.').map(Number);
}
