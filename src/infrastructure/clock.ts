import type { Clock } from '../application/ports/time.ts';
import { timestampFromMicros } from '../domain/timestamp.ts';

/** The one place that reads the system's clock. */
export const systemClock: Clock = {
  now: () => timestampFromMicros(BigInt(Date.now()) * 1000n),
};
