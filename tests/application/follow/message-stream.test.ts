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
import { StoreUnavailable, type MessageRepository } from '../../../src/application/ports/store.ts';
import type { StreamPosition } from '../../../src/domain/stream-position.ts';
import { newMessage, type Message, type Msisdn } from '../../../src/domain/message.ts';
import { timestampFromMicros } from '../../../src/domain/timestamp.ts';
import { manualTimer, recordingMetrics } from '../../support/fakes.ts';

const message = (messageId: string, fields: { from?: string; text?: string | null } = {}): Message =>
  newMessage({ messageId, from: '+1', to: '+2', sentAt: timestampFromMicros(0n), text: null, ...fields });

/** A store, what follows it, and a count of how often the store was asked. */
function following(maxFollowers = 10) {
  const [store, metrics, timer] = [inMemoryMessageRepository(), recordingMetrics(), manualTimer()];
  const asked = { readFeed: 0 };
  let failure: Error | undefined;
  let epoch = 'memory';
  let future = 1_000n;
  const ofEpoch = (position: StreamPosition): StreamPosition => ({ ...position, epoch });
  const repository: MessageRepository = {
    ...store,
    async readFeed(after, limit) {
      asked.readFeed++;
      if (failure !== undefined) throw failure;
      if (after.epoch !== epoch || (after.old?.end ?? 0n) > future) return 'unknown_position';
      const arrived = await store.readFeed({ ...after, epoch: 'memory' }, limit);
      return arrived === 'unknown_position'
        ? arrived
        : arrived.map((one) => ({ ...one, position: ofEpoch(one.position) }));
    },
    async feedEnd() {
      if (failure !== undefined) throw failure;
      return ofEpoch(await store.feedEnd());
    },
  };
  const messageStream = new MessageStream({ repository, metrics, timer }, { maxFollowers });
  return {
    ...{ messageStream, metrics, timer, asked },
    /** Stores as this process does; and as another one does, which tells nobody. */
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
    /** As a database does that lost what it had not flushed: it gives those numbers again. */
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
  /** The next batches of any kind. */
  readonly next: () => Promise<StreamBatch>;
  /** The ids of the next messages, so many of them. */
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

/** Whatever can happen without any time going by has happened. */
const settled = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe('a follower', () => {
  it('is told at once where it stands, and then of what this process stores, without any time going by', async () => {
    const { add, open } = following();
    await add(message('before'));
    const one = await open();
    expect(await one.next()).toMatchObject({ messages: [], reset: false, position: { at: 1n } });
    const coming = one.ids(2);
    await add(message('a'));
    await add(message('b'));
    expect(await coming).toEqual(['a', 'b']);
  });

  it('is told without any time going by also of more than one read gives', async () => {
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

  it('is told of what others store when the time has come to look', async () => {
    const { addElsewhere, open, timer } = following();
    const one = await open();
    await one.next();
    const coming = one.ids(1);
    await settled();
    await addElsewhere(message('a'));
    timer.pass(POLL_MS);
    expect(await coming).toEqual(['a']);
  });

  it('misses nothing that is stored between its own reading and its waiting', async () => {
    const { add, open } = following();
    const one = await open();
    await one.next(); // it has read, and does not wait yet
    await add(message('a'));
    expect(await one.ids(1)).toEqual(['a']);
  });

  it('is told only what fits its filter, as the domain defines it, and how far it is all the same', async () => {
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

  it('goes on after any position, however much there is', async () => {
    const { add, open } = following();
    const first = await (await open()).next();
    const all = Array.from({ length: 2 * FEED_PAGE_SIZE + 7 }, (_, i) => message(String(i)));
    await add(...all);
    const one = await open({}, first.position);
    expect(await one.ids(all.length)).toEqual(all.map(({ messageId }) => messageId));
  });

  it('is not told of what was old to it when it began, be it read or awaited, nor when it comes back', async () => {
    const { add, open } = following();
    const begin: StreamPosition = { epoch: 'memory', at: 0n, key: '', old: { end: 6n, except: [2n, 5n] } };
    await add(message('old 1'), message('new 2'), message('old 3'));
    const one = await open({}, begin);
    const { messages, position } = await one.next();
    expect(messages.map((arrived) => arrived.message.messageId)).toEqual(['new 2']);
    await one.next();
    const coming = one.ids(3);
    await settled();
    await add(message('old 4'), message('new 5'));
    await add(message('new 6'), message('new 7'));
    expect(await coming).toEqual(['new 5', 'new 6', 'new 7']);
    for (const after of [messages[0]?.position, position])
      expect(await (await open({}, after)).ids(3)).toEqual(await coming);
    const again = await (await open({}, begin)).next();
    expect(again.messages.map((arrived) => arrived.position.old)).toEqual([begin.old, begin.old, undefined, undefined]);
    expect(again.position).toEqual({ epoch: 'memory', at: 7n, key: '' });
  });

  it('is told when its position is not known, and then goes on from now', async () => {
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

  it('is not told twice and not left out, wherever it was cut off and whoever stored', () =>
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

describe('many followers', () => {
  it('share the reads of what is new', async () => {
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
    const repository: MessageRepository = {
      ...store,
      async readFeed(...asked) {
        const arrived = await store.readFeed(...asked);
        return arrived === 'unknown_position' ? arrived : arrived.map((one) => ({ ...one, message: watched }));
      },
    };
    const ports = { repository, metrics: recordingMetrics(), timer: manualTimer() };
    const messageStream = new MessageStream(ports, { maxFollowers: 50 });
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

  it('do not wait for one that does not read, who has it all when he does', async () => {
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

  it('wait together also where one stands before another and nothing between them', async () => {
    const { add, open } = following();
    await add(message('before'));
    const position = { epoch: 'memory', at: 1n, key: '' };
    // On PostgreSQL the end of the order moves with every transaction, whether it stores a message or not.
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

  it('are told each of what is batches to him, whatever is old to others, wherever they begin and read', () =>
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
          const { add, open } = following();
          let stored = 0;
          const store = async (count: number): Promise<void> => {
            await add(...Array.from({ length: count }, () => message(String(++stored))));
          };
          await store(12);
          const seen: string[][] = begins.map(() => []);
          const positions: StreamPosition[] = begins.map(({ at, end, except }) => ({
            ...{ epoch: 'memory', at, key: '' },
            ...(at < end && { old: { end, except } }),
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
          const batches = begins.map(({ at, end, except }) =>
            all.filter((number) => number > at && (number >= end || except.includes(number))).map(String),
          );
          expect(seen).toEqual(batches);
        },
      ),
      { numRuns: 60 },
    ));

  it('learn each whether what was old to him is known, also where all share a read', async () => {
    const { add, open, goBack } = following();
    await add(message('before'));
    const begin: StreamPosition = { epoch: 'memory', at: 1n, key: '' };
    const told: Promise<StreamBatch>[] = [];
    for (const end of [undefined, 3n, 50n, 3n]) {
      const one = await open({}, end === undefined ? begin : { ...begin, old: { end, except: [2n] } });
      await one.next();
      told.push(one.next());
      await settled();
    }
    goBack(10n);
    await add(message('a'));
    const a = { reset: false, messages: [{ message: { messageId: 'a' } }] };
    expect(await Promise.all(told)).toMatchObject([a, a, { reset: true, messages: [] }, a]);
  });

  it('of an epoch that is over learn it from the first of the next one', async () => {
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

  it('are as many as there may be, and no more until one has gone', async () => {
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

  it('all end when the service stops, also those that wait, and none begins', async () => {
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
  it('is asked for nothing while nobody follows', async () => {
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

  it('may be away meanwhile: the batches come when it is back', async () => {
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

  it('that is away lets nobody begin, and keeps no position taken', async () => {
    const { open, fail, metrics } = following(1);
    fail(new StoreUnavailable('away'));
    await expect(open()).rejects.toThrow(StoreUnavailable);
    fail(undefined);
    await open();
    expect(metrics.streams).toEqual([1, 0, 1]);
  });

  it('leaves nothing behind with one that follows for long, whether it answers or is away', async () => {
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

  it('that is away for long gathers nothing with one that cannot even begin to read', async () => {
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
