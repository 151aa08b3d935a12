import type { Clock } from '../../application/ports/time.ts';
import type { SecretGeneration } from '../../domain/delivery.ts';
import type { Timestamp } from '../../domain/timestamp.ts';

/** The secrets that a provider and the service share. Both are accepted during a rotation. */
export interface ProviderSecrets {
  readonly current: string | undefined;
  readonly previous: string | undefined;
  /** From this instant on the previous secret is no longer accepted. Without it, until it is removed. */
  readonly previousExpiresAt?: Timestamp | undefined;
}

export interface PreparedKey<Key> {
  readonly generation: SecretGeneration;
  readonly key: Key;
}

export interface RotatingKeys<Key> {
  readonly configured: boolean;
  /** Returns the secrets that are valid now, the current one first. Must be fast, because every delivery calls it. */
  usable(): readonly PreparedKey<Key>[];
  /** The previous secret after its expiry, only to report that a sender still uses it. */
  expired(): Key | null;
}

/**
 * Creates the secrets of any scheme: the current one, and the previous one until it expires. `prepare` turns each into a
 * key once; a secret that it cannot use counts as not configured.
 *
 * A previous secret without a current one is a mistake of the operator: then no secret is valid.
 */
export function rotatingKeys<Key>(
  secrets: ProviderSecrets,
  prepare: (secret: string) => Key | null,
  clock: Clock,
): RotatingKeys<Key> {
  const current = secrets.current ? prepare(secrets.current) : null;
  const previous = current !== null && secrets.previous ? prepare(secrets.previous) : null;
  const expiresAt = secrets.previousExpiresAt;

  const alone: PreparedKey<Key>[] = current === null ? [] : [{ generation: 'current', key: current }];
  const both: PreparedKey<Key>[] = previous === null ? alone : [...alone, { generation: 'previous', key: previous }];
  const isExpired = (): boolean => expiresAt !== undefined && clock.now() >= expiresAt;

  return {
    configured: alone.length > 0,
    usable: () => (isExpired() ? alone : both),
    expired: () => (isExpired() ? previous : null),
  };
}
