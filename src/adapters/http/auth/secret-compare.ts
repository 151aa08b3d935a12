import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether a word is the secret one, in a time that does not depend on where they differ. */
export function isSecret(word: string, secret: string): boolean {
  return timingSafeEqual(digest(word), digest(secret));
}

/** A digest of fixed length, so that values of any length can be compared in constant time. */
export function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
