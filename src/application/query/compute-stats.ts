import type { Stats } from '../../domain/stats.ts';
import type { MessageReader } from '../ports/store.ts';
import type { Tracer } from '../ports/telemetry.ts';

/** Computes statistics over all stored messages. */
export class ComputeStats {
  readonly #reader: Pick<MessageReader, 'stats'>;
  readonly #tracer: Tracer;

  constructor(reader: Pick<MessageReader, 'stats'>, tracer: Tracer) {
    this.#reader = reader;
    this.#tracer = tracer;
  }

  async execute(): Promise<Stats> {
    return this.#tracer.inSpan('ComputeStats', () => this.#reader.stats());
  }
}
