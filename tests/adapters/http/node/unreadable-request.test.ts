import { Duplex, PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { answerUnreadableRequest } from '../../../../src/adapters/http/node/unreadable-request.ts';
import { unreadableFaults } from '../../../support/contract-check.ts';

async function answerTo(code: string | undefined) {
  const socket = new PassThrough();
  const wire = text(socket);
  answerUnreadableRequest(Object.assign(new Error('inside: a parser'), { code }), socket);
  const [head = '', body = ''] = (await wire).split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = new Headers(
    lines.map((line): [string, string] => [line.split(': ')[0] ?? '', line.split(': ')[1] ?? '']),
  );
  return { statusLine, answer: { status: Number(statusLine.split(' ')[1]), headers, body } };
}

describe('an unreadable request', () => {
  it.each([
    ['HPE_INVALID_METHOD', '400 Bad Request'],
    ['HPE_INVALID_EOF_STATE', '400 Bad Request'],
    ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
    ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
    [undefined, '400 Bad Request'],
    ['anything', '400 Bad Request'],
  ])('%s is answered with %s, as in the contract', async (code, status) => {
    const { statusLine, answer } = await answerTo(code);
    expect(statusLine).toBe(`HTTP/1.1 ${status}`);
    expect(unreadableFaults(answer)).toEqual([]);
    expect(answer.headers.get('connection')).toBe('close');
    expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(answer.body)));
    expect(answer.body).not.toContain('inside');
    expect(JSON.parse(answer.body)).toMatchObject({ title: status.slice(4) });
  });

  it('is not answered if the client has disconnected', () => {
    for (const [socket, code] of [
      [new PassThrough(), 'ECONNRESET'],
      [new PassThrough().end(), 'HPE_INVALID_METHOD'],
    ] as const) {
      answerUnreadableRequest(Object.assign(new Error(), { code }), socket);
      expect([socket.destroyed, socket.readableLength]).toEqual([true, 0]);
    }
  });
});

describe('the connection of an unreadable request', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  /** A connection whose other end never closes; `isTaken`: whether it reads what the server sends. */
  const oneSided = (isTaken: boolean): Duplex =>
    new Duplex({
      read: () => undefined,
      write(_chunk, _encoding, callback) {
        if (isTaken) callback();
      },
    });

  it('is closed as soon as the answer is sent, whatever the other end does', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    const socket = oneSided(true);
    answerUnreadableRequest(new Error(), socket);
    await new Promise((resolve) => setImmediate(resolve));
    expect([socket.destroyed, jest.getTimerCount()]).toEqual([true, 0]);
  });

  it('is closed after a second even if the client does not read the answer', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    const socket = oneSided(false);
    answerUnreadableRequest(new Error(), socket);
    await jest.advanceTimersByTimeAsync(999);
    expect(socket.destroyed).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(socket.destroyed).toBe(true);
  });
});
