import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { ExportFilter, Exported, ExportPlace } from '../../../application/ports/transfer.ts';
import { messageKey } from '../../../domain/message.ts';
import { timestampFromMicros } from '../../../domain/timestamp.ts';
import type { MessageStatus, NewMessage } from '../../../domain/update.ts';
import { withDeliveries } from './copy-deliveries.ts';
import { marks, rowsOf } from '../schema/dialect.ts';
import { nextPage, spanOf, type ReadFrom } from '../query/message-pages.ts';
import { statusPages, type StatusRow } from './status-pages.ts';
import { unknownPayloads } from './unknown-payloads.ts';

const PAGE = 1_000;

/**
 * Exports everything that is needed to recreate the store; with a filter, only messages and what belongs to them. What was stored
 * before the start is exported exactly once; what is stored meanwhile may be left out. Memory use does not grow with the store.
 */
export async function* exportStore(
  db: Knex,
  filter: ExportFilter,
  start: ExportPlace | null,
  signal: AbortSignal,
): AsyncGenerator<Exported> {
  const check = async (): Promise<void> => {
    await turnOfTheLoop(); // SQLite blocks the event loop: without a turn, signals are never handled
    signal.throwIfAborted();
  };
  const all = Object.values(filter).every((given) => given === undefined);
  if (all && (start === null || start.kind === 'statuses')) {
    const pages = { limit: PAGE, withoutMessage: true, ...(start !== null && { after: start.after }) };
    for await (const statuses of statusPages(db, pages, check)) yield { kind: 'statuses', statuses };
  }
  if (start?.kind !== 'unknown') {
    yield* exportMessages(db, filter, start?.kind === 'messages' ? start.after : null, check);
  }
  if (!all) return;
  for await (const payloads of unknownPayloads(db, start?.kind === 'unknown' ? start.after : 0n, check)) {
    yield { kind: 'unknown', payloads };
  }
}

async function* exportMessages(
  db: Knex,
  { from: sender, since, until }: ExportFilter,
  after: ReadFrom | null,
  check: () => Promise<void>,
): AsyncGenerator<Exported> {
  const first = since ?? (await spanOf(db))?.first;
  let from: ReadFrom | undefined = after ?? (first === undefined ? undefined : { sentAt: first });
  while (from !== undefined) {
    await check();
    const page = await nextPage(db, from, PAGE, { sender, until });
    for await (const slice of withDeliveries(db, page)) {
      const states = await statesOf(db, slice);
      const messages = slice.map((message) => ({ ...message, status: states.get(messageKey(message)) ?? null }));
      if (messages.length > 0) yield { kind: 'messages', messages };
    }
    from = page.length < PAGE ? undefined : page.at(-1);
  }
}

async function statesOf(db: Knex, messages: readonly NewMessage[]): Promise<Map<string, MessageStatus>> {
  const keys = messages.map(messageKey);
  const rows = await rowsOf<StatusRow>(
    db,
    `select message_id, state, changed_at from message_statuses where message_id in (${marks(keys)})`,
    keys,
  );
  return new Map(
    rows.map(({ message_id: key, state, changed_at: at }) => [key, { state, at: timestampFromMicros(at) }]),
  );
}
