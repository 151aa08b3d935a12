import type { IndexInspection, SchemaCheck, StoreInspection } from '../ports/maintenance.ts';
import type { Clock } from '../ports/time.ts';

/** The result of one check. */
export type Finding =
  | { readonly of: 'file'; readonly missing: string }
  /** Seconds by which the server's clock is ahead of this machine's; negative if it is behind. */
  | { readonly of: 'clock'; readonly aheadSeconds: number }
  | { readonly of: 'permissions'; readonly file: string; readonly to: 'everybody' | 'group' | null }
  | { readonly of: 'pages'; readonly damage: string | null; readonly unused: number }
  | {
      readonly of: 'schema';
      /** `breaking`: a newer version changed what this version needs. `extended`: it has only added to the schema. */
      readonly is: 'current' | 'extended' | 'pending' | 'breaking';
      readonly migrations: readonly string[];
    }
  | { readonly of: 'rebuild'; readonly rebuilt: 'counters' | 'search index' }
  | { readonly of: 'counters'; readonly wrong: readonly string[] }
  | ({ readonly of: 'search index' } & IndexInspection);

export interface CheckedStore {
  readonly schema: SchemaCheck;
  readonly inspection: StoreInspection;
}

/** Checks the store: clock, permissions, pages, schema, counters and search index. Ends where a further check makes no sense. */
export class CheckStore {
  readonly #store: CheckedStore | { readonly missing: string };
  readonly #clock: Clock;

  /** @param store or the path at which its file is missing */
  constructor(store: CheckedStore | { readonly missing: string }, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** @param rebuild whether to rebuild counters and search index first; writes wait meanwhile */
  async *execute(rebuild: boolean): AsyncGenerator<Finding> {
    if ('missing' in this.#store) {
      yield { of: 'file', missing: this.#store.missing };
      return;
    }
    const { schema, inspection } = this.#store;
    if (inspection.serverSeconds !== null) {
      yield { of: 'clock', aheadSeconds: await secondsAhead(inspection.serverSeconds, this.#clock) };
    }
    if (inspection.exposure !== null) yield { of: 'permissions', ...inspection.exposure() };
    if (inspection.findDamage !== null) {
      const pages = await inspection.findDamage();
      yield { of: 'pages', ...pages };
      if (pages.damage !== null) return;
    }
    const found = await schemaFinding(schema);
    yield found;
    if (found.is === 'pending' || found.is === 'breaking') return;
    if (rebuild) yield* rebuildDerived(inspection);
    yield { of: 'counters', wrong: await inspection.wrongCounters() };
    yield { of: 'search index', ...(await inspection.inspectSearchIndex()) };
  }
}

/** How far another clock is ahead of this machine's; the way there and back is taken to be equally long. */
export async function secondsAhead(otherSeconds: () => Promise<number>, clock: Clock): Promise<number> {
  const before = seconds(clock);
  const other = await otherSeconds();
  return other - (before + seconds(clock)) / 2;
}

function seconds(clock: Clock): number {
  return Number(clock.now()) / 1e6;
}

async function schemaFinding(schema: SchemaCheck): Promise<Extract<Finding, { of: 'schema' }>> {
  const { pending, unknown } = await schema.status();
  const breaking = unknown.filter((migration) => schema.isBreaking(migration));
  if (breaking.length > 0) return { of: 'schema', is: 'breaking', migrations: breaking };
  if (pending.length > 0) return { of: 'schema', is: 'pending', migrations: pending };
  return { of: 'schema', is: unknown.length > 0 ? 'extended' : 'current', migrations: unknown };
}

async function* rebuildDerived(inspection: StoreInspection): AsyncGenerator<Finding> {
  await inspection.rebuildCounters();
  yield { of: 'rebuild', rebuilt: 'counters' };
  if (inspection.resetSearchIndex === null) return;
  await inspection.resetSearchIndex();
  yield { of: 'rebuild', rebuilt: 'search index' };
}
