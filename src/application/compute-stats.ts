import type { Stats } from '../domain/stats.ts';
import type { MessageRepository } from './ports.ts';

/** Counts over everything stored. */
export class ComputeStats {
  readonly #repository: MessageRepository;

  constructor(repository: MessageRepository) {
    this.#repository = repository;
  }

  async execute(): Promise<Stats> {
    return this.#repository.stats();
  }
}
