import type { ErasureRule, ExpiryRule } from '../domain/erasure.ts';
import type { Position } from '../domain/message.ts';
import type { Timestamp } from '../domain/timestamp.ts';

/** What was erased, or would be. */
export interface Erased {
  readonly messages: number;
  /** States of those messages, and of messages that were never here: as old ones, or those whose id holds the number. */
  readonly statuses: number;
  /** Kept bodies of deliveries. */
  readonly bodies: number;
  /** Messages of other people that stay and lose the body that they came in. */
  readonly bereft: number;
  /** Rejections that lose their excerpt. */
  readonly excerpts: number;
}

export interface ErasurePreview extends Erased {
  /** Messages there are, those that stay among them. */
  readonly total: number;
  /** Of a person's messages those that they sent, and those that were sent to them: one to themselves is both. */
  readonly fromPerson: number;
  readonly toPerson: number;
  /** Messages of other people whose text names the number; they stay. */
  readonly mentions: number;
  readonly firstAt: Timestamp | null;
  readonly lastAt: Timestamp | null;
}

/** Where the next step goes on. Of no meaning to anyone but the eraser that gave it. */
export type ErasureCursor =
  | { readonly in: 'messages'; readonly after: { readonly sentAt: bigint; readonly key: string } | null }
  | { readonly in: 'statuses' | 'bodies' | 'excerpts'; readonly after: string };

export interface ErasureStep extends Erased {
  /** null when everything has been looked through. */
  readonly next: ErasureCursor | null;
}

/** Erases what is stored. Reads are exact at every instant, and a commit waits for a step, not for the whole. */
export interface MessageEraser {
  /** The position from which on so many messages stand, or all when there are fewer; null when there is none. At least 1. */
  newest(messages: number): Promise<Position | null>;
  /** How many messages the rule takes at most, by the counters alone. */
  reach(rule: ExpiryRule): Promise<number>;
  /** What the rule would take now. Only reads, and reads every message. */
  preview(rule: ErasureRule): Promise<ErasurePreview>;
  /** One small transaction at most. `busy`: somebody else is erasing. */
  eraseNext(rule: ErasureRule, cursor: ErasureCursor | null): Promise<ErasureStep | 'busy'>;
}
