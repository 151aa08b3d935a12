import type { ErasureResult } from '../../application/maintenance/erase-and-reclaim.ts';

/** What an erasure did to the space, for people. */
export function spaceLines({ before, after, compactingSeconds, seconds }: ErasureResult): string[] {
  const { databaseBytes, reusableBytes } = after;
  return [
    `size           ${size(before.databaseBytes)} before, ${size(databaseBytes)} after`,
    ...(reusableBytes === null ? [] : [`free inside    ${size(reusableBytes)}`]),
    ...(compactingSeconds === null
      ? []
      : [`compacted      in ${compactingSeconds.toFixed(1)} s, for which writes waited`]),
    `time           ${seconds.toFixed(1)} s`,
  ];
}

/** For programs. */
export function erasureResult({
  erased,
  before,
  after,
  seconds,
  compactingSeconds,
}: ErasureResult): Record<string, unknown> {
  return {
    erased,
    remaining: after.messages,
    bytesBefore: before.databaseBytes,
    bytesAfter: after.databaseBytes,
    reusableBytes: after.reusableBytes,
    seconds: rounded(seconds),
    compactingSeconds: compactingSeconds === null ? null : rounded(compactingSeconds),
  };
}

function size(bytes: number): string {
  return bytes < 10_485_760 ? `${(bytes / 1_024).toFixed(0)} KiB` : `${(bytes / 1_048_576).toFixed(0)} MiB`;
}

function rounded(seconds: number): number {
  return Number(seconds.toFixed(3));
}
