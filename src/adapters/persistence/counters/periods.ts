/**
 * Widths of the counted periods in seconds: minute, hour, day, and 1024 days. Counting up to an instant adds whole long
 * periods first, then shorter ones: a few thousand index rows at most, however many messages there are.
 */
export const PERIOD_WIDTHS = [60, 3_600, 86_400, 88_473_600] as const;

export function widthInMicros(widthSeconds: number): bigint {
  return BigInt(widthSeconds) * 1_000_000n;
}

/** The start of the period of this width that contains the instant. */
export function periodStart(instant: bigint, widthSeconds: number): bigint {
  const width = widthInMicros(widthSeconds);
  return instant - (((instant % width) + width) % width);
}

/** The same in SQL. The second remainder is for instants before 1970, because SQL rounds towards zero. */
export function periodStartSql(widthSeconds: number): string {
  const width = String(widthInMicros(widthSeconds));
  return `sent_at - ((sent_at % ${width}) + ${width}) % ${width}`;
}
