import type { Stats } from '../../domain/stats.ts';
import type { MessageRepository } from '../ports/store.ts';
import type { Tracer } from '../ports/telemetry.ts';

/** Counts over everything stored. */
export class ComputeStats {
  readonly #repository: MessageRepository;
  readonly #tracer: Tracer;

  constructor(repository: MessageRepository, tracer: Tracer) {
    this.#repository = repository;
    this.#tracer = tracer;
  }

  async execute(): Promise<Stats> {
    return this.#tracer.inSpan('ComputeStats', () => this.#repository.stats());
  }
}
