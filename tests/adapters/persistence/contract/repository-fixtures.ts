import type { MessageFilter, MessageRepository } from '../../../../src/application/ports/store.ts';
import { newMessage, type Message, type MessageId, type Msisdn } from '../../../../src/domain/message.ts';
import { timestamp, timestampFromMicros, type Timestamp } from '../../../../src/domain/timestamp.ts';

/** Opens an empty repository. */
export type OpenRepository = () => Promise<{
  readonly repository: MessageRepository;
  readonly close: () => Promise<void>;
}>;

/** Runs a test on its own empty repository, and closes it even if the test fails. */
export type WithRepository = (test: (repository: MessageRepository) => Promise<void>) => Promise<void>;

export function withRepositoryOf(open: OpenRepository): WithRepository {
  return async (test) => {
    const { repository, close } = await open();
    try {
      await test(repository);
    } finally {
      await close();
    }
  };
}

export const id = (value: string): MessageId => value as MessageId;
export const number = (value: string): Msisdn => value as Msisdn;
export const micros = (value: bigint | number): Timestamp => timestampFromMicros(BigInt(value));

/** A message with this id, and defaults for the fields that a test does not need. */
export function message(messageId: string, fields: Partial<Parameters<typeof newMessage>[0]> = {}): Message {
  const sentAt = timestamp('2025-01-15T10:00:00Z');
  return newMessage({ messageId, from: '+919876543210', to: '+14155550100', sentAt, text: 'Hello', ...fields });
}

/** Many messages that differ in every field. */
export function manyMessages(count: number, prefix = 'm'): Message[] {
  return Array.from({ length: count }, (_, i) =>
    message(`${prefix}${String(i)}`, {
      from: `+${String(100 + (i % 97))}`,
      sentAt: micros(1_736_935_200_000_000n + BigInt(i) * 7_777_777n),
      text: `text ${String(i)}`,
    }),
  );
}

/** All matches, in the order of the repository. */
export async function everyMessage(repository: MessageRepository, filter: MessageFilter = {}): Promise<Message[]> {
  const { messages } = await repository.list(filter, { offset: 0 }, 100_000);
  return [...messages];
}

/** One turn of the event loop, after which all work that waits for nothing outside is done. */
export const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Options for this many runs of a property. It ends before Jest's timeout, so that a counterexample is reported. */
export const runs = (numRuns: number) => ({
  numRuns,
  interruptAfterTimeLimit: 100_000,
  markInterruptAsFailure: true,
});
