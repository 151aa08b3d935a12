const MIN_LENGTH = 16;
/** A random secret of 16 letters and digits has about 60 by this count, one of 32 hexadecimal digits about 120. */
const MIN_BITS = 80;
/** What stands in examples, and is copied from there. */
const EXAMPLE_WORDS = /secret|password|change-?me|example|test|your-/i;

/**
 * Returns whether a machine could guess a secret: it is short, has few different characters, or comes from an example. The
 * length times log2 of the number of different characters is an upper bound of its bits, which only a random secret
 * reaches.
 */
export function isEasyToGuess(secret: string): boolean {
  const bits = secret.length * Math.log2(new Set(secret).size);
  return secret.length < MIN_LENGTH || bits < MIN_BITS || EXAMPLE_WORDS.test(secret);
}
