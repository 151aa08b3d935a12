import type { Clock } from '../../application/ports/time.ts';
import { timestampFromMicros } from '../../domain/timestamp.ts';

/** The only place that reads the system clock. */
export const systemClock: Clock = {
  now: () => timestampFromMicros(BigInt(Date.now()) * 1000n),
};
