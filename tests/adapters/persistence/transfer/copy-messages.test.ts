import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { copyMessages, type CopySource } from '../../../../src/adapters/persistence/transfer/copy-messages.ts';
import { rebuildCounters, wrongCounters } from '../../../../src/adapters/persistence/counters/counter-check.ts';
import { deriveNext } from '../../../../src/adapters/persistence/sqlite/derived-data.ts';
import { sqliteDialect } from '../../../../src/adapters/persistence/sqlite/dialect.ts';
import { resetIndex } from '../../../../src/adapters/persistence/sqlite/search/search-index.ts';
import { comparePositions, messageKey, type Message } from '../../../../src/domain/message.ts';
import { openCopySource } from '../../../../src/infrastructure/database.ts';
import { databaseLocation } from '../../../../src/infrastructure/config/database-location.ts';
import { everyMessage, id, manyMessages, message, micros, runs } from '../contract/repository-fixtures.ts';
import { collidingMessages, FIRST_INSTANT, LAST_INSTANT, messages } from '../../../support/arbitraries.ts';
import { type Engine, between, copied, held, on, repositoryOf, store } from '../../../support/stores.ts';

const WAYS: [Engine, Engine][] = [
  ['sqlite', 'postgres'],
  ['postgres', 'sqlite'],
  ['sqlite', 'sqlite'],
  ['postgres', 'postgres'],
];

const inOrder = (stored: readonly Message[]): Message[] => {
  const firsts = new Map<string, Message>();
  for (const each of stored) if (!firsts.has(messageKey(each))) firsts.set(messageKey(each), each);
  return [...firsts.values()].sort(comparePositions);
};

const EXTREMES = [
  message('first', { sentAt: FIRST_INSTANT, text: null }),
  message('last', { sentAt: LAST_INSTANT, text: '' }),
];

async function empty({ db, dialect }: CopySource): Promise<void> {
  for (const table of ['messages', 'payloads', 'message_statuses']) await db(table).delete();
  await rebuildCounters(db, dialect);
  if (dialect === sqliteDialect) await resetIndex(db);
}

describe('copyMessages', () => {
  it.each(WAYS)('from %s to %s: each message unchanged, exactly once, in pages of any size', async (from, to) => {
    await between(from, to, (source, target) =>
      on(source, (written) =>
        on(target, async (opened) => {
          await fc.assert(
            fc.asyncProperty(
              fc.array(fc.oneof(messages, collidingMessages), { maxLength: 30 }),
              fc.nat(30),
              fc.integer({ min: 1, max: 12 }),
              async (drawn, there, pageSize) => {
                await empty(written);
                await empty(opened);
                const all = inOrder([...drawn, ...EXTREMES]);
                // Messages that the target already has are in no order.
                const before = all.filter((_, i) => i % 3 === there % 3 && i < there);
                await written.add(all);
                await opened.add(before);
                const result = await copyMessages(written, opened, { pageSize });
                expect(await everyMessage(repositoryOf(opened))).toEqual(all);
                expect(result).toMatchObject({
                  copied: all.length - before.length,
                  alreadyThere: before.length,
                  conflicts: 0,
                  firstDifference: null,
                  wrongCounters: [],
                  source: { rows: all.length, sha256: result.target.sha256 },
                  target: { rows: all.length },
                });
              },
            ),
            runs(10),
          );
        }),
      ),
    );
  });

  it.each(WAYS)('from %s to %s: stopped after the second commit, it resumes with the third', async (from, to) => {
    await between(from, to, async (source, target) => {
      const all = manyMessages(1_000);
      await store(source, all);
      const stop = new AbortController();
      const pages: number[] = [];
      const stopped = copied(source, target, {
        pageSize: 100,
        signal: stop.signal,
        onProgress(_phase, done) {
          pages.push(done);
          if (done === 200) stop.abort(new Error('stopped here'));
        },
      });
      await expect(stopped).rejects.toThrow('stopped here');
      expect(pages).toEqual([0, 100, 200]);
      expect(await held(target)).toEqual(all.slice(0, 200));

      const resumed: number[] = [];
      const result = await copied(source, target, {
        pageSize: 100,
        onProgress(phase, done) {
          if (phase === 'copying') resumed.push(done);
        },
      });
      expect(resumed[0]).toBeGreaterThan(150); // a minute before, at most
      expect(result).toMatchObject({ copied: 800, alreadyThere: 200, firstDifference: null, wrongCounters: [] });
      expect(await held(target)).toEqual(all);
      expect(await copied(source, target)).toMatchObject({ copied: 0, alreadyThere: 1_000, firstDifference: null });
    });
  });

  it('resumes after a failed commit', async () => {
    await between('sqlite', 'sqlite', async (from, to) => {
      const all = manyMessages(300);
      await store(from, all);
      const source = await openCopySource(databaseLocation(from));
      let commits = 0;
      const failing = on(to, (target) => {
        const add = (page: readonly Message[]) =>
          ++commits === 2 ? Promise.reject(new Error('disk full')) : target.add(page);
        return copyMessages(source, { ...target, add }, { pageSize: 100 });
      });
      await expect(failing).rejects.toThrow('disk full');
      await source.db.destroy();
      expect(await copied(from, to)).toMatchObject({ copied: 200, alreadyThere: 100, firstDifference: null });
    });
  });

  it.each(WAYS)('from %s to %s: the next run copies a message that was stored late', async (from, to) => {
    await between(from, to, async (source, target) => {
      const all = manyMessages(400);
      await store(source, all.slice(0, 300));
      expect((await copied(source, target)).firstDifference).toBeNull();
      await store(source, [...all.slice(300), message('late', { sentAt: micros(all[20]?.sentAt ?? 0n) })]);
      expect(await copied(source, target)).toMatchObject({ copied: 101, alreadyThere: 300, firstDifference: null });
    });
  });

  it('reports messages that were stored during the copy', async () => {
    await between('sqlite', 'postgres', async (source, target) => {
      const all = manyMessages(200);
      await store(source, all);
      const late = message('late', { sentAt: micros((all[0]?.sentAt ?? 0n) - 1n) });
      const arriving = await on(source, async ({ add }) => {
        let sent: Promise<unknown> = Promise.resolve();
        const result = await copied(source, target, {
          pageSize: 50,
          onProgress(_phase, done) {
            if (done === 100) sent = add([late]);
          },
        });
        await sent;
        return result;
      });
      expect(arriving).toMatchObject({
        copied: 200,
        firstDifference: { messageId: 'late', what: 'only in the source' },
        source: { rows: 201 },
        target: { rows: 200 },
      });
      expect(await copied(source, target)).toMatchObject({ copied: 1, alreadyThere: 200, firstDifference: null });
    });
  });

  it('copies a skipped part with equal counts if the comparison finds a difference', async () => {
    await between('sqlite', 'postgres', async (source, target) => {
      const all = manyMessages(200);
      await store(source, all);
      // Equal counts per minute, but one message differs: the counters cannot show it.
      const other = { ...(all[0] ?? message('')), messageId: id('other') };
      await store(target, [other, ...all.slice(1)]);
      expect(await copied(source, target)).toMatchObject({
        copied: 1,
        alreadyThere: 199,
        firstDifference: { messageId: 'other', what: 'only in the target' },
      });
    });
  });

  it.each(WAYS)('from %s to %s: reports the first row that was changed', async (from, to) => {
    await between(from, to, async (source, target) => {
      await store(source, manyMessages(300));
      expect((await copied(source, target)).firstDifference).toBeNull();
      await on(target, ({ db }) => db('messages').whereIn('message_id', ['m123', 'm250']).update({ text: 'tampered' }));
      const result = await copied(source, target, { pageSize: 100 });
      expect(result).toMatchObject({
        copied: 0,
        alreadyThere: 298,
        conflicts: 2,
        conflicting: ['m123', 'm250'],
        firstDifference: { messageId: 'm123', what: 'not the same in both' },
      });
      expect(result.source.sha256).not.toBe(result.target.sha256);
    });
  });

  it.each([
    ['sent_at', '1'],
    ['to_msisdn', "'+1'"],
    ['from_msisdn', "'+1'"],
    ['text', 'null'],
  ])('detects a difference in %s', async (column, value) => {
    await between('sqlite', 'sqlite', async (source, target) => {
      await store(source, manyMessages(10));
      await copied(source, target);
      await on(target, ({ db }) => db.raw(`update messages set ${column} = ${value} where message_id = 'm7'`));
      const result = await copied(source, target);
      expect(result).toMatchObject({ copied: 0, conflicts: 1, firstDifference: { messageId: 'm7' } });
      expect(result.source.sha256).not.toBe(result.target.sha256);
    });
  });

  it('leaves no backlog of the counters and the search index', async () => {
    await between('postgres', 'sqlite', async (source, target) => {
      await store(source, manyMessages(5_000));
      await copied(source, target);
      await on(target, async ({ db, dialect }) => {
        expect(await deriveNext(db, 1)).toBe(0);
        expect(await wrongCounters(db, dialect)).toEqual([]);
      });
    });
  });

  it('reports which row of the source is not a message', async () => {
    await between('sqlite', 'postgres', async (source, target) => {
      await store(source, manyMessages(3));
      await on(source, ({ db }) => db('messages').where('message_id', 'm1').update({ text: 'a\0b' }));
      await expect(copied(source, target)).rejects.toThrow('the row of "m1" is not a message: text is');
    });
  });
});
