/**
 * The connection cannot be used until an operator changes DATABASE_URL, a file that it names, or a pooler. The message says what
 * to change, without any secret.
 */
export class UnusableConnection extends Error {
  override readonly name = 'UnusableConnection';
}
