import { RETRY_DAYS, type ExpiryRule } from '../../domain/erasure-rule.ts';
import type { Msisdn } from '../../domain/message.ts';
import type { Timestamp } from '../../domain/timestamp.ts';
import type { SchemaCheck, Work } from '../ports/maintenance.ts';
import type { ErasurePreview, MessageEraser } from '../ports/store.ts';
import { eraseAndReclaim, type ErasurePorts, type ErasureResult } from './erase-and-reclaim.ts';
import { requireOwnSchema } from './require-schema.ts';

const MICROS_PER_DAY = 86_400_000_000n;

/** Which messages to purge. */
export interface PurgeSelection {
  /** Exclusive: what is older is purged. */
  readonly before: Timestamp;
  /** How many of the newest messages remain, whatever their age. */
  readonly keep: number;
  /** Senders whose messages remain. */
  readonly keepFrom: readonly Msisdn[];
}

/** Permanently deletes old messages, in small steps while the service runs. */
export class PurgeMessages {
  readonly #ports: PurgePorts;

  constructor(ports: PurgePorts) {
    this.#ports = ports;
  }

  /** Whether the database can be rewritten after the purge. */
  get canCompact(): boolean {
    return this.#ports.storage.compact !== null;
  }

  /** What the purge would erase now. Only reads. */
  async preview(selection: PurgeSelection): Promise<ErasurePreview> {
    return this.#ports.eraser.preview(await this.#rule(selection));
  }

  /** Interrupted at any time, the same call resumes the purge. */
  async execute(selection: PurgeSelection, compact: boolean, work: Work): Promise<ErasureResult> {
    const rule = await this.#rule(selection);
    const expected = await this.#ports.eraser.reach(rule);
    return eraseAndReclaim(this.#ports, rule, { expected, compact, thorough: compact }, work);
  }

  async #rule({ before, keep, keepFrom }: PurgeSelection): Promise<ExpiryRule> {
    await requireOwnSchema(this.#ports.schema);
    return { of: 'age', before, keepFrom, keepSince: keep === 0 ? null : await this.#ports.eraser.newest(keep) };
  }
}

export interface PurgePorts extends ErasurePorts {
  readonly schema: SchemaCheck;
  readonly eraser: Pick<MessageEraser, 'newest' | 'reach' | 'preview'>;
}

/** Whether messages that are erased before this instant may come again: their providers may still retry them. */
export function mayBeRetried(before: Timestamp, now: Timestamp): boolean {
  return before > now - BigInt(RETRY_DAYS) * MICROS_PER_DAY;
}
