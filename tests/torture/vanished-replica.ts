import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { signHmac } from '../../src/adapters/signature/hmac.ts';
import { openEventStream } from '../support/event-stream.ts';
import { postWebhook } from '../support/post-webhook.ts';
import { startProcess } from '../support/service.ts';
import { troubledNetwork } from '../support/troubled-network.ts';
import { record } from './load.ts';
import { nextMessage, type Ledger, type WireMessage } from './ledger.ts';
import type { Random } from './random.ts';
import type { Rig } from './rig.ts';
import { inRounds } from './rounds.ts';

/** Everything that a vanished replica held must be free within this time. */
const LIMIT_MS = 15_000;
const GIVE_UP_MS = 60_000;
const MESSAGES = 24;
const WHATSAPP_SECRET = 'secret-of-whatsapp';

/**
 * The host of a replica is gone in the middle of a transaction: its process does nothing any more, and no packet tells the server.
 * Two such replicas vanish at the same time, while one counts and while the other stores messages and statuses.
 */
export const vanishedReplica = inRounds({
  name: 'vanished replica',
  description: 'two replicas vanish, with their network, while one stores and one counts; a third continues',
  engines: ['postgres'],
  rounds: 5,
  async setUp(rig, { recoveriesMs, faults }, { random, holdMs }) {
    await rig.start();
    return {
      async round() {
        const [counting, storing] = [await doomedReplica(rig), await doomedReplica(rig)];
        const { messages: counted } = counting.vanish('delete from uncounted', rig.ledger, random, 3);
        await counting.vanished;
        const { messages, sent } = storing.vanish('message_statuses', rig.ledger, random, MESSAGES);
        await storing.vanished;
        const vanishedAt = performance.now();
        const within = (): number => performance.now() - vanishedAt;

        const stream = await openEventStream(`http://127.0.0.1:${String(rig.port())}`, '/messages/stream');
        const load = rig.load(8);
        const marker = nextMessage(rig.ledger, random);
        const later = [
          ...[...counted, ...messages].map((message) => acceptedElsewhere(rig, message)),
          acceptedElsewhere(rig, marker),
          Promise.race([stream.until(`"${marker.message_id}"`), delay(GIVE_UP_MS)]).then(() => ({
            ...{ what: 'the stream continues', refusals: 0, ms: within() },
          })),
          countersGoOn(rig.databaseUrl).then(() => ({ what: 'the counters continue', refusals: 0, ms: within() })),
        ];
        const results = await Promise.all(later);
        await delay(Math.max(0, holdMs - within()));
        await load.stop();
        await stream.close();
        for (const { what, refusals, ms } of results) {
          if (ms > LIMIT_MS) faults.push(`${what}: only after ${ms.toFixed(0)} ms`);
          if (refusals > 1) faults.push(`${what}: ${String(refusals)} times 503`);
        }
        if (load.shed() > 0) faults.push(`${String(load.shed())} other messages were refused`);
        faults.push(...load.refused());
        recoveriesMs.push(Math.max(...results.map(({ ms }) => ms)));
        await Promise.all([counting.remove(), storing.remove()]);
        await sent;
      },
    };
  },
});

/** A replica behind a network of its own. */
async function doomedReplica(rig: Rig) {
  const network = await troubledNetwork(rig.databaseUrl);
  const replica = startProcess(rig.folder, { DATABASE_URL: network.url, WHATSAPP_APP_SECRET: WHATSAPP_SECRET });
  const { port } = await replica.listening;
  const agent = new Agent({ keepAlive: true });
  const { promise: vanished, resolve } = Promise.withResolvers<undefined>();
  return {
    vanished,
    /** Sends it messages and statuses, and lets it vanish as soon as it has sent this text to the server. */
    vanish(text: string, ledger: Ledger, random: Random, count: number) {
      void network.when(text, 'vanish').then(() => {
        replica.child.kill('SIGSTOP');
        network.vanish();
        resolve(undefined);
      });
      const messages = Array.from({ length: count }, () => nextMessage(ledger, random));
      const requests = messages.flatMap((message) => [
        postWebhook(port, JSON.stringify(message), agent).then((answer) => {
          if (answer.status === 200) record(ledger, message, answer);
        }),
        postStatus(port, message.message_id),
      ]);
      return { messages, sent: Promise.allSettled(requests) };
    },
    async remove() {
      replica.child.kill('SIGKILL');
      await replica.ended;
      agent.destroy();
      await network.close();
    },
  };
}

async function postStatus(port: number, id: string): Promise<void> {
  const status = { id, status: 'read', timestamp: '1767225600' };
  const body = JSON.stringify({ entry: [{ changes: [{ field: 'messages', value: { statuses: [status] } }] }] });
  await fetch(`http://127.0.0.1:${String(port)}/webhooks/whatsapp`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'X-Hub-Signature-256': `sha256=${signHmac(WHATSAPP_SECRET, body)}`,
    },
    body,
  });
}

/** Sends it to the replica that is left until it is accepted, as a provider does, only sooner. */
async function acceptedElsewhere(rig: Rig, message: WireMessage) {
  const agent = new Agent({ keepAlive: true });
  const start = performance.now();
  for (let refusals = 0; ; refusals++) {
    const answer = await postWebhook(rig.port(), JSON.stringify(message), agent);
    const ms = performance.now() - start;
    if (answer.status === 200) {
      agent.destroy();
      record(rig.ledger, message, answer);
      return { what: message.message_id, refusals, ms };
    }
    if (ms > GIVE_UP_MS) return { what: message.message_id, refusals, ms };
    await delay(2_000);
  }
}

/** Resolves when the counters contain more than at the time of the call. */
async function countersGoOn(url: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  const counted = async (): Promise<number> =>
    Number((await client.query<{ messages: string }>('select messages from message_totals')).rows[0]?.messages);
  const before = await counted();
  const giveUpAt = performance.now() + GIVE_UP_MS;
  while ((await counted()) === before && performance.now() < giveUpAt) await delay(50);
  await client.end();
}
