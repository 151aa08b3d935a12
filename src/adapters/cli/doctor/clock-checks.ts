import { secondsAhead } from '../../../application/maintenance/check-store.ts';
import type { Clock } from '../../../application/ports/time.ts';
import { sendRequest } from '../send/request.ts';
import type { Settings } from '../settings.ts';
import { fail, ok, warn, type Check } from './check.ts';

/** Larger than the delay of a network and the whole second to which a Date header is cut. */
const UNUSUAL_SECONDS = 5;
const ANSWER_TIMEOUT_MS = 10_000;

type Tolerance = Pick<Settings, 'providers'>;

/** This machine's clock against the Date header of an HTTP server; the status of the answer does not matter. */
export async function serverClockCheck(url: string, clock: Clock, tolerance: Tolerance): Promise<Check> {
  try {
    const ahead = await secondsAhead(() => serverSeconds(url), clock);
    if (Number.isNaN(ahead)) return warn('clock', 'that server tells no time: name another with --url');
    return clockCheck(`that of ${new URL(url).host}`, ahead, tolerance);
  } catch {
    return fail('clock', 'nothing answers at that URL: name another HTTP server with --url');
  }
}

/** @param ahead seconds by which the other clock is ahead of this machine's */
export function clockCheck(other: string, ahead: number, { providers }: Tolerance): Check {
  const limit = providers.standard.options.toleranceSeconds;
  const off = Math.abs(ahead);
  if (off <= UNUSUAL_SECONDS) return ok('clock', `agrees with ${other}`);
  const text = `is ${off.toFixed(0)} s ${ahead > 0 ? 'behind' : 'ahead of'} ${other}: set it by NTP`;
  return off > limit ? fail('clock', `${text}; Standard Webhooks are refused as stale meanwhile`) : warn('clock', text);
}

/** NaN if the server sends no date. */
async function serverSeconds(url: string): Promise<number> {
  const { headers } = await sendRequest(url, { method: 'HEAD', timeoutMs: ANSWER_TIMEOUT_MS });
  return Date.parse(headers.date ?? '') / 1_000 + 0.5;
}
