/**
 * Widths of the counted periods in seconds: minute, hour, day, and 1024 days. Counting up to an instant adds whole long
 * periods first, then shorter ones: some thousand rows of an index at the very worst, whatever the number of messages.
 */
export const PERIOD_WIDTHS = [60, 3_600, 86_400, 88_473_600] as const;

export function widthInMicros(widthSeconds: number): bigint {
  return BigInt(widthSeconds) * 1_000_000n;
}

/** The start of the period of that width in which the instant lies. */
export function periodStart(instant: bigint, widthSeconds: number): bigint {
  const width = widthInMicros(widthSeconds);
  return instant - (((instant % width) + width) % width);
}

/** The same in SQL. Division truncates towards zero; an instant before 1970, too, lies after the start of its period. */
export function periodStartSql(widthSeconds: number): string {
  const width = String(widthInMicros(widthSeconds));
  return `sent_at - ((sent_at % ${width}) + ${width}) % ${width}`;
}
