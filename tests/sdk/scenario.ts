import assert from 'node:assert/strict';
import { sign } from '../support/http-client.ts';
import type { Query, Reply, SdkClient, SentMessage, StoredMessage } from './sdk-client.ts';

/** What a client team does in its first hour, the same with every generated client. Rejects with what went otherwise. */

const MESSAGES = 25;
const PAGE = 10;

export interface Clients {
  readonly sdk: SdkClient;
  /** Without a key. */
  readonly stranger: SdkClient;
  readonly secret: string;
}

/** @returns how many requests were answered as they must be */
export async function driveSdk({ sdk, stranger, secret }: Clients): Promise<number> {
  let requests = 0;
  async function expectReply<Data>(asked: Promise<Reply<Data>>, status: number): Promise<Reply<Data>> {
    const reply = await asked;
    requests++;
    assert.equal(reply.status, status, JSON.stringify(reply.problem));
    assert.equal(reply.problem?.status, status === 200 ? undefined : status);
    return reply;
  }
  const ingest = (message: SentMessage, signature = sign(secret, JSON.stringify(message))) =>
    sdk.ingest(message, signature);
  async function list(query: Query): Promise<readonly StoredMessage[]> {
    return (await expectReply(sdk.list(query), 200)).data?.data ?? [];
  }

  const sent = Array.from({ length: MESSAGES }, (_, i) => messageOf(i));
  for (const message of sent) assert.equal((await expectReply(ingest(message), 200)).data, 'created');
  assert.equal((await expectReply(ingest(messageOf(0)), 200)).data, 'duplicate');
  assert.equal((await expectReply(ingest({ ...messageOf(0), text: 'other' }), 200)).data, 'conflict');

  const stored = sent.map((message) => ({ ...message, text: message.text ?? null }));
  const cases: [Query, readonly StoredMessage[]][] = [
    [{ limit: 100 }, stored],
    [{ limit: 5, offset: 5 }, stored.slice(5, 10)],
    [{ from: '+911' }, stored.filter(({ from }) => from === '+911')],
    [{ since: '2025-01-15T10:20:00Z' }, stored.slice(20)],
    [{ until: '2025-01-15T10:03:00Z' }, stored.slice(0, 3)],
    [{ since: '2025-01-15T11:10:00+01:00', until: '2025-01-15T10:12:00Z' }, stored.slice(10, 12)],
    [{ q: 'STRASSE 7 & 100%' }, stored.slice(7, 8)],
    [{ order: 'desc', limit: 3 }, stored.slice(-3).reverse()],
  ];
  for (const [query, expected] of cases) assert.deepEqual(await list(query), expected, JSON.stringify(query));

  const paged: StoredMessage[] = [];
  const query: Query = { limit: PAGE };
  for (let more = true; more;) {
    const { data } = await expectReply(sdk.list(query), 200);
    assert.ok(data);
    assert.equal(data.total, MESSAGES);
    paged.push(...data.data);
    more = data.next_cursor !== null;
    if (data.next_cursor !== null) query.cursor = data.next_cursor;
  }
  assert.deepEqual(paged, stored);

  const odd = await expectReply(sdk.message(messageOf(3).message_id), 200);
  assert.ok(typeof odd.data?.received_at === 'string');
  const detail = { provider: 'webhook', type: 'text', status: null, received_at: odd.data.received_at, trace_id: null };
  assert.deepEqual(odd.data, { ...stored[3], ...detail });
  const { data: totals } = await expectReply(sdk.stats(), 200);
  assert.deepEqual(totals, {
    total_messages: MESSAGES,
    senders_count: 2,
    messages_per_sender: [
      { from: '+910', count: 13 },
      { from: '+911', count: 12 },
    ],
    first_message_ts: stored[0]?.ts,
    last_message_ts: stored.at(-1)?.ts,
  });

  assert.equal(
    (await expectReply(ingest(messageOf(0), 'no signature'), 401)).problem?.type,
    '/problems/invalid-signature',
  );
  assert.equal((await expectReply(stranger.stats(), 401)).problem?.type, '/problems/unauthorized');
  assert.equal((await expectReply(sdk.message('unknown'), 404)).problem?.type, '/problems/not-found');
  const { problem } = await expectReply(sdk.list({ limit: 101, q: '' }), 422);
  assert.deepEqual(problem?.errors?.map(({ loc }) => loc.join('.')).sort(), ['query.limit', 'query.q']);
  const bad = await expectReply(ingest({ ...messageOf(0), from: 'nobody' }), 422);
  assert.deepEqual(bad.problem?.errors?.[0]?.loc, ['body', 'from']);
  return requests;
}

/** One a minute; ids and texts have characters that have to be escaped in addresses. */
function messageOf(i: number): SentMessage {
  const message = {
    message_id: `m/${String(i)}?ä 100%`,
    from: `+91${String(i % 2)}`,
    to: '+14155550100',
    ts: `2025-01-15T10:${String(i).padStart(2, '0')}:00Z`,
  };
  return i % 5 === 0 ? message : { ...message, text: `Straße ${String(i)} & 100%` };
}
