import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inMemoryRejectionLog } from '../../../support/in-memory-rejection-log.ts';
import type { RejectionLog, RejectionPage } from '../../../../src/application/ports/store.ts';
import { provider, WEBHOOK } from '../../../../src/domain/provider.ts';
import type { Rejection, RejectionFilter, RejectionRetention } from '../../../../src/domain/rejection.ts';
import { micros, runs } from './repository-fixtures.ts';

export type OpenRejectionLog = () => Promise<{ readonly log: RejectionLog; readonly close: () => Promise<void> }>;

const EVERYTHING: RejectionRetention = { maxRows: 1_000, notBefore: micros(-1_000_000) };

/** A rejection with defaults for the fields that a test does not need. */
export function rejection(fields: Partial<Rejection> = {}): Rejection {
  return {
    receivedAt: micros(0),
    provider: WEBHOOK,
    reason: 'wrong_digest',
    detail: null,
    diagnosis: null,
    requestId: 'r1',
    bodyBytes: 2,
    bodySha256: '0'.repeat(64),
    headerNames: ['host'],
    excerpt: null,
    ...fields,
  };
}

const rejections: fc.Arbitrary<Rejection> = fc.record({
  receivedAt: fc.integer({ min: 0, max: 20 }).map(micros),
  provider: fc.constantFrom(WEBHOOK, provider('whatsapp')),
  reason: fc.constantFrom('wrong_digest', 'schema', 'too_large'),
  detail: fc.option(fc.constantFrom('', 'body.ts, body.from', "o'clock; --")),
  diagnosis: fc.option(fc.constant('trailing_newline')),
  requestId: fc.constantFrom('r1', 'r2'),
  bodyBytes: fc.nat(67_108_864),
  bodySha256: fc.option(fc.constant('ab'.repeat(32))),
  headerNames: fc.array(fc.constantFrom('host', 'x-"quoted"'), { maxLength: 3 }),
  excerpt: fc.option(fc.constantFrom('', '{"ä":"\u{1F600}', '\uFFFD')),
});

const filters: fc.Arbitrary<RejectionFilter> = fc.record(
  { provider: fc.constantFrom(WEBHOOK, provider('nobody')), reason: fc.constantFrom('schema', 'wrong_digest') },
  { requiredKeys: [] },
);

const steps = fc.array(
  fc.record({
    added: fc.array(rejections, { maxLength: 6 }),
    retention: fc.record({ maxRows: fc.integer({ min: 1, max: 12 }), notBefore: fc.nat(15).map(micros) }),
    filter: filters,
    offset: fc.nat(5),
    limit: fc.integer({ min: 1, max: 5 }),
  }),
  { minLength: 1, maxLength: 6 },
);

/** What every rejection log must do. `open` returns an empty one. */
export function rejectionLogContract(name: string, open: OpenRejectionLog): void {
  async function withLog(test: (log: RejectionLog) => Promise<void>): Promise<void> {
    const { log, close } = await open();
    try {
      await test(log);
    } finally {
      await close();
    }
  }

  describe(`${name} as a rejection log`, () => {
    it('returns the added rejections, the latest first', () =>
      withLog(async (log) => {
        const [a, b] = [
          rejection({ detail: 'body.ts', diagnosis: 'reencoded_json', excerpt: '{' }),
          rejection({ requestId: 'r2', bodySha256: null, headerNames: [] }),
        ];
        await log.add([a, b], EVERYTHING);
        const { rejections: listed, total, hasMore } = await log.list({}, { offset: 0 }, 10);
        expect(listed).toMatchObject([b, a]);
        expect([total, hasMore]).toEqual([2, false]);
        expect(Number(listed[0]?.id)).toBeGreaterThan(Number(listed[1]?.id));
      }));

    it('pages below an id without gaps or repeats while others are added', () =>
      withLog(async (log) => {
        const all = Array.from({ length: 250 }, (_, i) => rejection({ requestId: `r${String(i)}` }));
        await log.add(all, EVERYTHING);
        const seen: string[] = [];
        let page: RejectionPage = await log.list({}, { offset: 0 }, 60);
        for (;;) {
          seen.push(...page.rejections.map(({ requestId }) => requestId));
          if (!page.hasMore) break;
          await log.add([rejection({ requestId: 'new' })], EVERYTHING);
          page = await log.list({}, { beforeId: page.rejections.at(-1)?.id ?? 0 }, 60);
        }
        expect(seen).toEqual(all.map(({ requestId }) => requestId).reverse());
      }));

    it('never reuses an id, even after all rejections were deleted', () =>
      withLog(async (log) => {
        await log.add([rejection(), rejection()], EVERYTHING);
        const lastId = async () => Number((await log.list({}, { offset: 0 }, 1)).rejections[0]?.id);
        const before = await lastId();
        await log.add([], { maxRows: 10, notBefore: micros(1) });
        expect((await log.list({}, { offset: 0 }, 1)).total).toBe(0);
        await log.add([rejection()], EVERYTHING);
        expect(await lastId()).toBeGreaterThan(before);
      }));

    it('adds, deletes, filters and pages as the model does', () =>
      fc.assert(
        fc.asyncProperty(steps, (sequence) =>
          withLog(async (log) => {
            const model = inMemoryRejectionLog();
            const plain = ({ rejections: page, ...rest }: RejectionPage) => ({
              ...rest,
              page: page.map((one) => ({ ...one, id: 0 })),
            });
            for (const { added, retention, filter, offset, limit } of sequence) {
              await log.add(added, retention);
              await model.add(added, retention);
              for (const one of [{ offset }, { offset: 0 }]) {
                expect(plain(await log.list(filter, one, limit))).toEqual(plain(await model.list(filter, one, limit)));
              }
              const [mine, its] = [await log.list({}, { offset: 1 }, 1), await model.list({}, { offset: 1 }, 1)];
              const [after, itsAfter] = [mine.rejections[0]?.id ?? 1, its.rejections[0]?.id ?? 1];
              expect(plain(await log.list(filter, { beforeId: after }, limit))).toEqual(
                plain(await model.list(filter, { beforeId: itsAfter }, limit)),
              );
            }
          }),
        ),
        runs(15),
      ));
  });
}
