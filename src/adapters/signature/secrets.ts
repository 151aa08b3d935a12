import type { Clock } from '../../application/ports/time.ts';
import type { SecretGeneration } from '../../domain/delivery.ts';
import type { Timestamp } from '../../domain/timestamp.ts';

/** What a provider and the service share. Both secrets are accepted while a rotation is under way. */
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
  /** Those that a signature may be made with now, the current one first. Cheap: asked on every delivery. */
  usable(): readonly PreparedKey<Key>[];
  /** The previous one when its time is over; only to tell operators that a sender still uses it. */
  expired(): Key | null;
}

/**
 * The rule of rotation, for every scheme: the current secret, and the previous one beside it until it expires. Each is
 * made a key once; one that `prepare` can make nothing of counts as not configured.
 *
 * A previous secret alone would mean that somebody emptied the current one by mistake: nothing is accepted then.
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
