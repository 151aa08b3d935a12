import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import type { MessageRepository } from '../../../../src/application/ports/store.ts';
import type { Message } from '../../../../src/domain/message.ts';
import { isMessage } from '../../../../src/domain/update.ts';
import { turnOfTheLoop } from '../contract/repository-fixtures.ts';

/** A call of add that is not answered yet. */
export interface HeldCall {
  /** The ids of its messages, joined by commas. */
  readonly ids: string;
  /** Stores the messages and answers. */
  succeed(): void;
  /** Stores nothing and rejects. */
  fail(error: Error): void;
}

export interface HeldRepository extends MessageRepository {
  /** Resolves with the next call of add. */
  next(): Promise<HeldCall>;
  /** The ids of every call of add so far. */
  readonly calls: readonly string[];
}

/** The in-memory repository, in which each add waits until the test decides its outcome. */
export function heldRepository(): HeldRepository {
  const stored = inMemoryMessageRepository();
  const calls: string[] = [];
  const arrived: HeldCall[] = [];
  const awaited: ((call: HeldCall) => void)[] = [];
  return {
    ...stored,
    calls,
    add: (messages) =>
      new Promise((resolve, reject) => {
        const ids = messages.map((update) => (isMessage(update) ? update.messageId : update.kind)).join();
        const call = {
          ids,
          succeed: () => {
            resolve(stored.add(messages));
          },
          fail: reject,
        };
        calls.push(ids);
        const waiting = awaited.shift();
        if (waiting === undefined) arrived.push(call);
        else waiting(call);
      }),
    next() {
      const call = arrived.shift();
      return call === undefined ? new Promise((resolve) => awaited.push(resolve)) : Promise.resolve(call);
    },
  };
}

/**
 * The in-memory repository, which rejects calls with one of these messages, takes some turns of the event loop per call,
 * and allows no concurrent call.
 */
export function pickyRepository(refuses: (message: Message) => boolean = () => false): MessageRepository {
  const stored = inMemoryMessageRepository();
  let busy = false;
  return {
    ...stored,
    async add(messages) {
      if (busy) throw new Error('two commits at the same time');
      busy = true;
      for (let turn = 0; turn < 3; turn++) await turnOfTheLoop();
      busy = false;
      if (messages.filter(isMessage).some(refuses)) throw new Error('not storable');
      return stored.add(messages);
    },
  };
}
