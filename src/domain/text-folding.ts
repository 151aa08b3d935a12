/**
 * Defines "contains, ignoring case". Every store must answer a search as this file does; an index may only preselect
 * candidates.
 *
 * Case is ignored as the Unicode Standard defines it (section 3.13, default caseless matching): two strings are equal
 * when their full case foldings are. So `STRASSE` finds `straße` and `ΟΔΟΣ` finds `οδος`. No locale is involved
 * (dotless `ı` is not `i`), and no normalisation: a composed `é` is not `e` followed by an accent.
 */

const ASCII = /^[\0-\x7f]*$/;

/** Removes all case distinctions. Folding twice changes nothing; two texts that differ only in case have the same folding. */
export function foldCase(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  let folded = '';
  // One code point at a time: toLowerCase on a whole string treats a final sigma by its position in the word.
  for (const character of text) folded += foldCharacter(character);
  return folded;
}

/** Whether `needle` occurs in `text`, ignoring case. No character of `needle` is a wildcard. */
export function containsIgnoringCase(text: string, needle: string): boolean {
  return foldCase(text).includes(foldCase(needle));
}

/**
 * JavaScript has no case folding. Lower, then upper, then lower again gives the full folding of CaseFolding.txt
 * (statuses C and F) for every code point but dotless i, which upper-cases to `I` but folds to itself, and the Cherokee
 * letters, which this folds to small and the standard to capital ones: the same strings are equal either way.
 */
function foldCharacter(character: string): string {
  if (character === 'ı') return character;
  const upper = character.toLowerCase().toUpperCase();
  let folded = '';
  for (const part of upper) folded += part.toLowerCase();
  return folded;
}
