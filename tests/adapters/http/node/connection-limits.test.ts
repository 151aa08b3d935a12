import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { roomMaker } from '../../../../src/adapters/http/node/connection-limits.ts';

describe('room for one more connection', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is made immediately, and up to once a second, because a look through all connections costs more than dropping one', () => {
    let looks = 0;
    const makeRoom = roomMaker(Object.assign(createServer(), { closeIdleConnections: () => looks++ }));
    const looksAfter = (ms: number): number => {
      jest.advanceTimersByTime(ms);
      for (let i = 0; i < 100; i++) makeRoom();
      return looks;
    };
    expect([0, 999, 1, 0, 1_000].map(looksAfter)).toEqual([1, 1, 2, 2, 3]);
  });
});
