/** The messages of all benchmarks: some thousand senders, texts with a number that makes a word rare or common. */
export const SECRET = 'benchmark-secret';

const START = Date.parse('2026-01-01T00:00:00Z');
/** One message every 20 s on average: a million spread over months, as they would be. */
const STEP_MS = 20_011;

export interface Sample {
  readonly message_id: string;
  readonly from: string;
  readonly to: string;
  readonly ts: string;
  readonly text: string;
}

export function sample(prefix: string, i: number): Sample {
  const sender = 10_000_000 + ((i * 7919) % 5_000);
  return {
    message_id: `wamid.${prefix}${String(i)}`,
    from: `+9198${String(sender)}`,
    to: '+14155550100',
    ts: new Date(START + i * STEP_MS).toISOString(),
    text: `Hello, order ${String((i * 31) % 9_973)} is on its way${i % 10 === 0 ? ' to Bahnhofstraße 12' : ''} (${String(i)})`,
  };
}

export function sampleBody(prefix: string, i: number): string {
  return JSON.stringify(sample(prefix, i));
}
