/** The name that a misspelt one probably means: it differs in a few letters, in case, in `_`, in a plural or in the order of its words. */
export function didYouMean(written: string, names: readonly string[]): string | null {
  const candidates = names
    .filter((name) => name !== written)
    .map((name) => ({ name, distance: isSameBut(written, name) ? 0 : editDistance(plain(written), plain(name)) }))
    .filter(({ name, distance }) => distance <= tolerated(name))
    .sort((a, b) => a.distance - b.distance);
  return candidates[0]?.name ?? null;
}

/** Short names are often one letter from each other without any relation. */
function tolerated(name: string): number {
  if (name.length < 8) return 1;
  return name.length < 14 ? 2 : 3;
}

function plain(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}

function isSameBut(written: string, name: string): boolean {
  const file = plain(written).replace(/_FILE$/, ''); // the custom of images that read secrets from files
  return [written, file].some((one) => wordsOf(one) === wordsOf(name) || joined(one) === joined(name));
}

function wordsOf(name: string): string {
  return plain(name)
    .split('_')
    .map((word) => word.replace(/S$/, ''))
    .sort()
    .join(' ');
}

function joined(name: string): string {
  return plain(name).replaceAll('_', '');
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let [before, previous]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          replaced,
          (previous[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          swapped ? (before[j - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    [before, previous] = [previous, row];
  }
  return previous[b.length] ?? 0;
}
