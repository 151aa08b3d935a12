import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { connectionLimits } from '../../../../src/adapters/http/node/connection-limits.ts';
import { lingerAfterAnswer } from '../../../../src/adapters/http/node/linger.ts';

/** A connection whose request was answered while its body was still arriving, as Node leaves it then. */
function answered(): Duplex {
  const socket = new Duplex({
    read: () => undefined,
    write(_chunk, _encoding, callback) {
      callback();
    },
  });
  const request = new IncomingMessage(socket as Socket);
  lingerAfterAnswer(request, connectionLimits(0).lingerTimeout);
  request.socket.destroySoon();
  return socket;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a connection that is closed in the middle of a body', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is closed completely when the sender has closed it, and leaves nothing behind', async () => {
    const socket = answered();
    socket.push('the rest of the body');
    await settled();
    expect([socket.writableEnded, socket.readableLength, socket.destroyed]).toEqual([true, 0, false]);
    socket.push(null);
    await settled();
    expect([socket.destroyed, jest.getTimerCount()]).toEqual([true, 0]);
  });

  it('is closed completely after five seconds even if the sender continues', async () => {
    const socket = answered();
    await jest.advanceTimersByTimeAsync(4_999);
    expect([socket.writableEnded, socket.destroyed]).toEqual([true, false]);
    await jest.advanceTimersByTimeAsync(1);
    expect(socket.destroyed).toBe(true);
  });
});
