import type { Random } from './random.ts';

/** What was sent, what was said to be stored, and whether what is stored agrees with it. Knows nothing of databases. */

export interface WireMessage {
  readonly message_id: string;
  readonly from: string;
  readonly to: string;
  readonly ts: string;
  readonly text: string | null;
}

export interface Ledger {
  readonly sent: Map<string, WireMessage>;
  /** Answered with 200. */
  readonly acknowledged: Set<string>;
  /** Answered with `created`, so often. */
  readonly created: Map<string, number>;
}

export function newLedger(): Ledger {
  return { sent: new Map(), acknowledged: new Set(), created: new Map() };
}

/** Every text holds one of these, so that searches have something to find. */
export const WORDS = ['straße', 'quick', '100%', 'fox_jumps', 'Ünder', '😀'];

/** A message that was not sent before. */
export function nextMessage(ledger: Ledger, random: Random): WireMessage {
  const number = ledger.sent.size;
  const message = {
    message_id: `m${String(number)}`,
    from: `+49${String(random.below(40))}`,
    to: '+14155550100',
    ts: new Date(Date.UTC(2026, 0, 1) + random.below(86_400_000)).toISOString().replace(/\.?0*Z$/, 'Z'),
    text: random.below(10) === 0 ? null : `${WORDS[random.below(WORDS.length)] ?? ''} ${String(number)}`,
  };
  ledger.sent.set(message.message_id, message);
  return message;
}

export interface Difference {
  /** Acknowledged and not stored. */
  readonly lost: number;
  /** Stored several times, or called new several times. */
  readonly doubled: number;
  /** Stored and never sent, or with other content. */
  readonly invented: number;
}

/** How what is stored differs from what it has to be; all 0 when nothing is wrong. */
export function difference({ sent, acknowledged, created }: Ledger, stored: readonly WireMessage[]): Difference {
  const ids = new Map<string, number>();
  for (const { message_id: id } of stored) ids.set(id, (ids.get(id) ?? 0) + 1);
  return {
    lost: [...acknowledged].filter((id) => !ids.has(id)).length,
    doubled: [...ids.values(), ...created.values()].filter((times) => times > 1).length,
    invented: stored.filter((message) => JSON.stringify(sent.get(message.message_id)) !== JSON.stringify(message))
      .length,
  };
}
