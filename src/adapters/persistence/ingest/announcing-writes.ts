import type { MessageRepository } from '../../../application/ports/store.ts';

/** The repository, which says so each time it has stored something new. */
export function announcingWrites(repository: MessageRepository, onStored: () => void): MessageRepository {
  return {
    ...repository,
    async add(updates) {
      const outcomes = await repository.add(updates);
      if (outcomes.includes('created')) onStored();
      return outcomes;
    },
  };
}
