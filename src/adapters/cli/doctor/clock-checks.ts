import type { Knex } from 'knex';
import { rowOf } from '../../persistence/schema/dialect.ts';
import { systemClock } from '../../../infrastructure/clock.ts';
import type { Config } from '../../../infrastructure/config/config.ts';
import { fail, ok, warn, type Check } from './check.ts';

/** More is no network's delay, nor the whole second that a Date header is cut to. */
const UNUSUAL_SECONDS = 5;
const ANSWER_TIMEOUT_MS = 10_000;

type Tolerance = Pick<Config, 'providers'>;

/** This machine's clock against that of the PostgreSQL server. */
export async function databaseClockCheck(db: Knex, tolerance: Tolerance): Promise<Check> {
  const before = seconds();
  const { now } = await rowOf<{ now: string }>(db, 'select extract(epoch from clock_timestamp())::text as now');
  return clockCheck("the database's", Number(now) - (before + seconds()) / 2, tolerance);
}

/** This machine's clock against the Date header of whatever answers there; the status of the answer does not matter. */
export async function serverClockCheck(url: string, tolerance: Tolerance): Promise<Check> {
  try {
    const before = seconds();
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const { headers } = await fetch(url, { method: 'HEAD', redirect: 'manual', signal });
    const date = Date.parse(headers.get('Date') ?? '');
    if (Number.isNaN(date)) return warn('clock', 'that server tells no time: name another with --url');
    return clockCheck(`that of ${new URL(url).host}`, date / 1_000 + 0.5 - (before + seconds()) / 2, tolerance);
  } catch {
    return fail('clock', 'nothing answers at that URL: name another HTTP server with --url');
  }
}

function clockCheck(other: string, ahead: number, { providers }: Tolerance): Check {
  const limit = providers.standard.options.toleranceSeconds;
  const off = Math.abs(ahead);
  if (off <= UNUSUAL_SECONDS) return ok('clock', `agrees with ${other}`);
  const text = `is ${off.toFixed(0)} s ${ahead > 0 ? 'behind' : 'ahead of'} ${other}: set it by NTP`;
  return off > limit ? fail('clock', `${text}; Standard Webhooks are refused as stale meanwhile`) : warn('clock', text);
}

function seconds(): number {
  return Number(systemClock.now()) / 1e6;
}
