import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inMemoryMessageRepository } from '../../support/in-memory-message-repository.ts';
import { FEED_PAGE_SIZE, POLL_MS } from '../../../src/application/follow/stream-tail.ts';
import {
  MessageStream,
  type Subscription,
  type StreamFilter,
  type StreamBatch,
} from '../../../src/application/follow/message-stream.ts';
import { StoreUnavailable, type MessageFeed } from '../../../src/application/ports/store.ts';
import type { FeedEntry, StreamPosition } from '../../../src/domain/stream-position.ts';
import { newMessage, type Message, type Msisdn } from '../../../src/domain/message.ts';
import { timestampFromMicros } from '../../../src/domain/timestamp.ts';
import { manualTimer, recordingMetrics } from '../../support/fakes.ts';

const message = (messageId: string, fields: { from?: string; text?: string | null } = {}): Message =>
  newMessage({ messageId, from: '+1', to: '+2', sentAt: timestampFromMicros(0n), text: null, ...fields });

/** A message stream over a store, with a count of the reads. */
function following(maxSubscribers = 10) {
  const [store, metrics, timer] = [inMemoryMessageRepository(), recordingMetrics(), manualTimer()];
  const asked = { readFeed: 0 };
  let failure: Error | undefined;
  let epoch = 'memory';
  let future = 1_000n;
  const feed: MessageFeed = {
    // `start` holds the end of the range with old messages, then the messages in that range that are new.
    async readFeed(after, limit) {
      asked.readFeed++;
      if (failure !== undefined) throw failure;
      const [end = 0n, ...newBelow] = after.start ?? [];
      const page = await store.readFeed({ ...after, epoch: 'memory' }, Number.MAX_SAFE_INTEGER);
      if (page === 'unknown_position' || after.epoch !== epoch || end > future) return 'unknown_position';
      const entries = page.entries
        .filter(({ position: { at } }) => at >= end || newBelow.includes(at))
        .map(({ message, position }): FeedEntry => {
          const kept = after.start !== undefined && position.at < end ? { start: after.start } : {};
          return { message, position: { ...position, epoch, ...kept } };
        })
        .slice(0, limit);
      const stored = (await store.feedEnd()).at;
      const isPast = entries.length < limit && stored + 1n >= end;
      const last = entries.at(-1)?.position ?? after;
      return { entries, position: last.start !== undefined && isPast ? { epoch, at: stored, key: '' } : last };
    },
    async feedEnd() {
      if (failure !== undefined) throw failure;
      return { ...(await store.feedEnd()), epoch };
    },
  };
  const messageStream = new MessageStream({ feed, metrics, timer }, { maxSubscribers });
  return {
    ...{ messageStream, metrics, timer, asked },
    /** Stores as this process does; and as another process does, which announces nothing. */
    add: async (...messages: Message[]): Promise<void> => {
      if ((await store.add(messages)).includes('created')) messageStream.stored();
    },
    addElsewhere: (...messages: Message[]) => store.add(messages),
    fail: (error: Error | undefined): void => {
      failure = error;
    },
    renewEpoch: (): void => {
      epoch += "'";
    },
    /** As a database that lost what it had not flushed: it reuses those numbers. */
    goBack: (to: bigint): void => {
      future = to;
    },
    open: async (filter: StreamFilter = {}, after?: StreamPosition): Promise<Reader> => {
      const opened = await messageStream.open(filter, after);
      if (typeof opened === 'string') throw new Error(opened);
      return reader(opened);
    },
  };
}

interface Reader extends Subscription {
  /** The next batch of any kind. */
  readonly next: () => Promise<StreamBatch>;
  /** The ids of the next `count` messages. */
  readonly ids: (count: number) => Promise<string[]>;
  readonly isOver: () => Promise<boolean>;
}

function reader(opened: Subscription): Reader {
  const batches = opened.batches[Symbol.asyncIterator]();
  const next = async (): Promise<StreamBatch> => {
    const result = await batches.next();
    if (result.done === true) throw new Error('the batches have ended');
    return result.value;
  };
  return {
    ...opened,
    next,
    async ids(count) {
      const ids: string[] = [];
      while (ids.length < count) ids.push(...(await next()).messages.map(({ message: { messageId } }) => messageId));
      return ids;
    },
    isOver: async () => (await batches.next()).done === true,
  };
}

/** Everything that can happen before any time has passed has happened. */
const settled = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe('a subscriber', () => {
  it('receives its position at once, and then what this process stores, before any time has passed', async () => {
    const { add, open } = following();
    await add(message('before'));
    const one = await open();
    expect(await one.next()).toMatchObject({ messages: [], reset: false, position: { at: 1n } });
    const coming = one.ids(2);
    await add(message('a'));
    await add(message('b'));
    expect(await coming).toEqual(['a', 'b']);
  });

  it('receives more than one page before any time has passed', async () => {
    const { add, open } = following();
    const one = await open();
    await one.next();
    const coming = one.next();
    await settled();
    const all = Array.from({ length: 2 * FEED_PAGE_SIZE + 7 }, (_, i) => message(String(i)));
    await add(...all);
    const first = (await coming).messages.map((arrived) => arrived.message.messageId);
    const rest = await one.ids(all.length - first.length);
    expect([...first, ...rest]).toEqual(all.map(({ messageId }) => messageId));
  });

  it('receives what other processes store at the next poll', async () => {
    const { addElsewhere, open, timer } = following();
    const one = await open();
    await one.next();
    const coming = one.ids(1);
    await settled();
    await addElsewhere(message('a'));
    timer.pass(POLL_MS);
    expect(await coming).toEqual(['a']);
  });

  it('misses nothing that is stored between its own read and its wait', async () => {
    const { add, open } = following();
    const one = await open();
    await one.next(); // it has read, and does not wait yet
    await add(message('a'));
    expect(await one.ids(1)).toEqual(['a']);
  });

  it('receives only what matches its filter, as the domain defines it, but every position', async () => {
    const { add, open } = following();
    const one = await open({ from: '+1' as Msisdn, contains: 'STRASSE' });
    await one.next();
    const coming = one.next();
    await add(message('a', { text: 'another' }), message('b', { from: '+9', text: 'Straße' }));
    expect(await coming).toMatchObject({ messages: [], position: { at: 2n } });
    const fitting = one.ids(1);
    await add(message('c'), message('d', { text: 'die straße' }));
    expect(await fitting).toEqual(['d']);
  });

  it('resumes after any position, however much follows', async () => {
    const { add, open } = following();
    const first = await (await open()).next();
    const all = Array.from({ length: 2 * FEED_PAGE_SIZE + 7 }, (_, i) => message(String(i)));
    await add(...all);
    const one = await open({}, first.position);
    expect(await one.ids(all.length)).toEqual(all.map(({ messageId }) => messageId));
  });

  it('does not receive what was old when it began, but reads by itself, once per interval, until that is over', async () => {
    const { add, open, timer, asked } = following();
    const begin: StreamPosition = { epoch: 'memory', at: 0n, key: '', start: [6n, 2n, 5n] };
    await add(message('old 1'), message('new 2'), message('old 3'));
    const one = await open({}, begin);
    const { messages, position } = await one.next();
    expect(messages.map((entry) => entry.message.messageId)).toEqual(['new 2']);
    await one.next();
    const coming = one.ids(3);
    await settled();
    const before = asked.readFeed;
    await add(message('old 4'), message('new 5'));
    await add(message('new 6'), message('new 7'));
    await settled();
    timer.pass(POLL_MS - 1);
    await settled();
    expect(asked.readFeed).toBe(before);
    timer.pass(1);
    expect(await coming).toEqual(['new 5', 'new 6', 'new 7']);
    for (const after of [messages[0]?.position, position])
      expect(await (await open({}, after)).ids(3)).toEqual(await coming);
    const again = await (await open({}, begin)).next();
    const starts = again.messages.map((entry) => entry.position.start);
    expect(starts).toEqual([begin.start, begin.start, undefined, undefined]);
    expect(again.position).toEqual({ epoch: 'memory', at: 7n, key: '' });
  });

  it('shares the reads again as soon as nothing old is ahead of it', async () => {
    const { add, open } = following();
    await add(message('old 1'), message('old 2'));
    const one = await open({}, { epoch: 'memory', at: 0n, key: '', start: [3n] });
    expect(await one.next()).toEqual({ messages: [], position: { epoch: 'memory', at: 2n, key: '' }, reset: false });
    const coming = one.ids(1);
    await settled();
    await add(message('a'));
    expect(await coming).toEqual(['a']);
  });

  it('gets a reset if its position is unknown, and continues from now', async () => {
    const { add, open } = following();
    await add(message('before'));
    for (const position of [
      { epoch: 'another', at: 0n, key: '' },
      { epoch: 'memory', at: 99n, key: '' },
    ]) {
      const one = await open({}, position);
      expect(await one.next()).toMatchObject({ reset: true, messages: [] });
      await one.next();
      const coming = one.ids(1);
      await add(message(`after ${position.epoch}`));
      expect(await coming).toEqual([`after ${position.epoch}`]);
    }
  });

  it('receives each message exactly once, wherever it was disconnected and whichever process stored', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            what: fc.constantFrom('own', 'elsewhere', 'read', 'reconnect', 'poll'),
            n: fc.integer({ min: 1, max: 130 }),
          }),
          { maxLength: 25 },
        ),
        async (steps) => {
          const { add, addElsewhere, open, timer } = following();
          let one = await open();
          let position = (await one.next()).position;
          const [stored, seen]: [string[], string[]] = [[], []];
          let pending: Promise<StreamBatch> | undefined;
          const read = async (): Promise<void> => {
            pending ??= one.next();
            await settled();
            const batches = await Promise.race([pending, settled().then(() => null)]);
            if (batches === null) return;
            pending = undefined;
            seen.push(...batches.messages.map(({ message: { messageId } }) => messageId));
            position = batches.position;
          };
          for (const { what, n } of [...steps, { what: 'poll', n: 1 }]) {
            if (what === 'own' || what === 'elsewhere') {
              const batches = Array.from({ length: n }, (_, i) => message(String(stored.length + i)));
              stored.push(...batches.map(({ messageId }) => messageId));
              await (what === 'own' ? add : addElsewhere)(...batches);
            } else if (what === 'reconnect') {
              one.end();
              pending?.catch(() => undefined);
              pending = undefined;
              one = await open({}, position);
            } else if (what === 'poll') timer.pass(POLL_MS);
            else await read();
          }
          for (let i = 0; i < 60 && seen.length < stored.length; i++) {
            await read();
            timer.pass(POLL_MS);
          }
          expect(seen).toEqual(stored);
        },
      ),
      { numRuns: 60 },
    ));
});

describe('many subscribers', () => {
  it('share the reads of new messages', async () => {
    const { add, open, asked } = following(100);
    const all = await Promise.all(Array.from({ length: 100 }, () => open()));
    for (const one of all) await one.next();
    const first = all.map((one) => one.ids(1));
    await settled();
    const before = asked.readFeed;
    await add(message('a'));
    expect(await Promise.all(first)).toEqual(all.map(() => ['a']));
    for (const id of ['b', 'c', 'd']) {
      const coming = all.map((one) => one.ids(1));
      await settled();
      await add(message(id));
      expect(await Promise.all(coming)).toEqual(all.map(() => [id]));
    }
    expect(asked.readFeed - before).toBeLessThan(20);
  });

  it('share the folding of a text, too', async () => {
    let looks = 0;
    const watched: Message = {
      ...message('a'),
      get text() {
        looks++;
        return 'Straße';
      },
    };
    const store = inMemoryMessageRepository();
    const feed: MessageFeed = {
      ...store,
      async readFeed(...asked) {
        const page = await store.readFeed(...asked);
        if (page === 'unknown_position') return page;
        return { ...page, entries: page.entries.map((entry) => ({ ...entry, message: watched })) };
      },
    };
    const ports = { feed, metrics: recordingMetrics(), timer: manualTimer() };
    const messageStream = new MessageStream(ports, { maxSubscribers: 50 });
    const all: Reader[] = [];
    for (let i = 0; i < 50; i++) all.push(reader((await messageStream.open({ contains: 'STRASSE' })) as Subscription));
    for (const one of all) await one.next();
    const coming = all.map((one) => one.ids(1));
    await settled();
    await store.add([message('a')]);
    messageStream.stored();
    expect(await Promise.all(coming)).toEqual(all.map(() => ['a']));
    expect(looks).toBeLessThan(5);
  });

  it('do not wait for one that does not read, which gets everything when it does', async () => {
    const { add, open } = following();
    const [slow, fast] = [await open(), await open()];
    for (const one of [slow, fast]) await one.next();
    for (const id of ['a', 'b', 'c']) {
      const coming = fast.ids(1);
      await add(message(id));
      expect(await coming).toEqual([id]);
    }
    expect(await slow.ids(3)).toEqual(['a', 'b', 'c']);
  });

  it('wait together even if one position is before another and nothing lies in between', async () => {
    const { add, open } = following();
    await add(message('before'));
    const position = { epoch: 'memory', at: 1n, key: '' };
    // On PostgreSQL, the end moves with every transaction, even if it stores no message.
    const ahead = await open({}, { ...position, key: 'later' });
    await ahead.next();
    const first = ahead.ids(1);
    await settled();
    const behind = await open({}, position);
    await behind.next();
    const second = behind.next();
    expect(await Promise.race([second, settled().then(() => 'nothing new')])).toBe('nothing new');
    await add(message('a'));
    expect([await first, (await second).messages.map((one) => one.message.messageId)]).toEqual([['a'], ['a']]);
  });

  it('receive each what is new to it, whatever is old to others, wherever they begin and read', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            at: fc.bigInt({ min: 0n, max: 12n }),
            end: fc.bigInt({ min: 0n, max: 40n }),
            except: fc.array(fc.bigInt({ min: 1n, max: 40n }), { maxLength: 5 }),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constantFrom('read', 'reconnect')), { maxLength: 8 }),
        async (begins, steps) => {
          const { add, open, timer } = following();
          let stored = 0;
          const store = async (count: number): Promise<void> => {
            await add(...Array.from({ length: count }, () => message(String(++stored))));
          };
          await store(12);
          const seen: string[][] = begins.map(() => []);
          const positions: StreamPosition[] = begins.map(({ at, end, except }) => ({
            ...{ epoch: 'memory', at, key: '' },
            ...(at < end && { start: [end, ...except] }),
          }));
          let readers = await Promise.all(positions.map((position) => open({}, position)));
          let pending: (Promise<void> | undefined)[] = [];
          const read = async (): Promise<void> => {
            for (const [i, one] of readers.entries()) {
              pending[i] ??= one.next().then(
                ({ messages, position }) => {
                  pending[i] = undefined;
                  positions[i] = position;
                  seen[i]?.push(...messages.map((arrived) => arrived.message.messageId));
                },
                () => undefined, // it was ended
              );
            }
            await settled();
            timer.pass(POLL_MS);
            await settled();
          };
          for (const step of [...steps, 'read', 3, 'read', 'read', 'read'] as const) {
            if (typeof step === 'number') await store(step);
            else if (step === 'read') await read();
            else {
              for (const one of readers) one.end();
              await settled();
              pending = [];
              readers = await Promise.all(positions.map((position) => open({}, position)));
            }
          }
          const all = Array.from({ length: stored }, (_, i) => BigInt(i + 1));
          const news = begins.map(({ at, end, except }) =>
            all.filter((number) => number > at && (number >= end || except.includes(number))).map(String),
          );
          expect(seen).toEqual(news);
        },
      ),
      { numRuns: 60 },
    ));

  it('learn each whether its start is still known', async () => {
    const { add, open, goBack, timer } = following();
    await add(message('before'));
    const begin: StreamPosition = { epoch: 'memory', at: 1n, key: '' };
    const batches: Promise<StreamBatch>[] = [];
    for (const end of [undefined, 3n, 50n, 3n]) {
      const one = await open({}, end === undefined ? begin : { ...begin, start: [end, 2n] });
      await one.next();
      batches.push(one.next());
      await settled();
    }
    goBack(10n);
    await add(message('a'));
    await settled();
    timer.pass(POLL_MS);
    const a = { reset: false, messages: [{ message: { messageId: 'a' } }] };
    expect(await Promise.all(batches)).toMatchObject([a, a, { reset: true, messages: [] }, a]);
  });

  it('of an old epoch learn that it is over from the first subscriber of the next epoch', async () => {
    const { add, open, renewEpoch } = following();
    const old = await open();
    await old.next();
    const toldOld = old.next();
    await settled();
    renewEpoch();
    const young = await open();
    await young.next();
    const toldYoung = young.next();
    expect(await Promise.race([toldYoung, settled().then(() => 'nothing new')])).toBe('nothing new');
    expect(await toldOld).toMatchObject({ reset: true });
    await old.next();
    const coming = old.ids(1);
    await add(message('a'));
    expect([await coming, (await toldYoung).messages.length]).toEqual([['a'], 1]);
  });

  it('are accepted up to the maximum, and then again after one has ended', async () => {
    const { open, messageStream, metrics } = following(2);
    const [one, two] = [await open(), await open()];
    expect(await messageStream.open({})).toBe('too_many');
    one.end();
    one.end();
    await open();
    expect(await messageStream.open({})).toBe('too_many');
    expect(metrics.streams).toEqual([1, 2, 1, 2]);
    two.end();
  });

  it('all end when the service stops, including those that wait, and no new one is accepted', async () => {
    const { open, messageStream, metrics, timer } = following();
    const [waiting, idle] = [await open(), await open()];
    await waiting.next();
    const over = waiting.isOver();
    await settled();
    messageStream.stop();
    expect([await over, await idle.isOver(), idle.signal.aborted]).toEqual([true, true, true]);
    expect([await messageStream.open({}), metrics.streams.at(-1)]).toEqual(['stopped', 0]);
    expect(timer.waiting()).toBe(0);
  });
});

describe('the store', () => {
  it('is not read while there is no subscriber', async () => {
    const { add, open, asked, timer } = following();
    const one = await open();
    await one.next();
    const over = one.isOver();
    await settled();
    expect(timer.waiting()).toBe(1);
    one.end();
    expect([await over, timer.waiting()]).toEqual([true, 0]);
    const before = asked.readFeed;
    await add(message('a'));
    timer.pass(10 * POLL_MS);
    await settled();
    expect(asked.readFeed).toBe(before);
  });

  it('may be unavailable meanwhile: the batches arrive after its recovery', async () => {
    const { add, open, fail, timer } = following();
    const [waiting, reading] = [await open(), await open()];
    await waiting.next();
    const first = waiting.ids(1);
    await settled();
    fail(new StoreUnavailable('away'));
    const second = reading.ids(1);
    await add(message('a'));
    timer.pass(3 * POLL_MS);
    await settled();
    fail(undefined);
    timer.pass(POLL_MS);
    expect([await first, await second]).toEqual([['a'], ['a']]);
  });

  it('prevents subscriptions while it is unavailable, and occupies no place for them', async () => {
    const { open, fail, metrics } = following(1);
    fail(new StoreUnavailable('away'));
    await expect(open()).rejects.toThrow(StoreUnavailable);
    fail(undefined);
    await open();
    expect(metrics.streams).toEqual([1, 0, 1]);
  });

  it('leaves no listener on a long subscription, whether it responds or is unavailable', async () => {
    const { add, open, fail, timer } = following();
    const one = await open();
    await one.next();
    const listeners: number[] = [];
    for (let i = 0; i < 5; i++) {
      const coming = one.ids(1);
      await settled();
      listeners.push(getEventListeners(one.signal, 'abort').length);
      await add(message(`there ${String(i)}`));
      await coming;
      fail(new StoreUnavailable('away'));
      const late = one.ids(1);
      await add(message(`away ${String(i)}`));
      for (let tries = 0; tries < 5; tries++) {
        timer.pass(POLL_MS);
        await settled();
      }
      fail(undefined);
      timer.pass(POLL_MS);
      await late;
    }
    expect(listeners).toEqual(listeners.map(() => listeners[0]));
  });

  it('leaves no listener on a subscription that cannot start to read while it is unavailable for long', async () => {
    const { open, fail, timer } = following();
    const one = await open();
    fail(new StoreUnavailable('away'));
    const coming = one.next();
    for (let tries = 0; tries < 5; tries++) {
      await settled();
      expect([getEventListeners(one.signal, 'abort').length, timer.waiting()]).toEqual([1, 1]);
      timer.pass(POLL_MS);
    }
    fail(undefined);
    timer.pass(POLL_MS);
    expect(await coming).toMatchObject({ messages: [] });
  });

  it('that fails for good ends what follows it', async () => {
    const { add, open, fail } = following();
    const one = await open();
    await one.next();
    const coming = one.next();
    await settled();
    fail(new Error('a fault'));
    await add(message('a'));
    await expect(coming).rejects.toThrow('a fault');
  });
});
