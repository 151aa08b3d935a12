/** A wording that docs, comments and messages avoid, and what to write instead. */
export interface BannedWording {
  readonly pattern: RegExp;
  readonly instead: string;
}

/** Spaces match line breaks, too, with the marks that begin the next line of a comment. */
function wording(words: string, instead: string): BannedWording {
  return { pattern: new RegExp(String.raw`\b(?:${words.replaceAll(' ', String.raw`[\s*/#>|]+`)})\b`, 'gi'), instead };
}

/** Wordings that readers have to read twice. They translate another language's idiom, or hide who acts. */
export const BANNED_WORDINGS: readonly BannedWording[] = [
  wording('anew', 'again, or the verb: retry, rebuild, restart, rewrite'),
  wording('mend(?:s|ed|ing)?', 'fix, repair'),
  wording('told', 'receives, sees, knows; is logged, is reported'),
  wording('(?:go|goes|going|went|gone) on', 'continue, resume'),
  wording('so many', 'the number; up to N'),
  wording('who(?:m)?ever', 'the client, the reader, every process that'),
  wording('g(?:ive|ives|ave|iven|iving)(?: [a-z]+){0,2} back', 'return, reclaim, release'),
  wording('(?:is|are|was|were|be) (?:off|away)', 'is disabled, is unavailable'),
  wording('(?<!there )is none', 'the noun with "no" or "not": is not a number, has no secret'),
  wording('of what', 'the noun: of the messages that, of the rest'),
  wording('what is too', 'the noun: a body that is too large'),
  wording('he|him|his|himself', 'it, the client, the operator; they for a person'),
  wording('believ(?:e|es|ed|ing)', 'trust, accept'),
];
