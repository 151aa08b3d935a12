import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { messageRepositoryContract } from './message-repository-contract.ts';

messageRepositoryContract('In memory', () =>
  Promise.resolve({ repository: inMemoryMessageRepository(), close: () => Promise.resolve() }),
);
