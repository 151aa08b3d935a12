import { once } from 'node:events';
import { IncomingMessage, ServerResponse, type Server } from 'node:http';
import { connect, Socket } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { keepUnsentAnswers } from '../../../../src/adapters/http/node/unsent-answers.ts';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { timestampFromMicros } from '../../../../src/domain/timestamp.ts';
import { closeServer } from '../../../../src/infrastructure/listener.ts';
import { manualClock, recordingLogger, recordingMetrics } from '../../../support/fakes.ts';
import { serveHttp } from '../../../support/http-server.ts';
import { message } from '../../persistence/contract/repository-fixtures.ts';

/** Larger than all buffers between the two. */
const BODY = Buffer.alloc(16 * 1024 * 1024, ' ');
let server: Server;

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

/** A client that has requested a large body: the server has written all of it, and the client has read only the beginning. */
async function slowClient() {
  const repository = inMemoryMessageRepository();
  await repository.add([{ ...message('m1'), payload: { mediaType: 'application/json', body: BODY } }]);
  const clock = manualClock(timestampFromMicros(0n));
  const parts = { repository, verifiers: new Map(), metrics: recordingMetrics(), logger: recordingLogger(), clock };
  const served = await serveHttp(parts);
  ({ server } = served);
  const client = connect(served.port, '127.0.0.1');
  client.write('GET /messages/m1/raw HTTP/1.1\r\nHost: x\r\n\r\n');
  const [head] = (await once(client, 'data')) as [Buffer];
  client.pause();
  return {
    /** Reads the rest; returns the length of the body. */
    rest: async (): Promise<number> => {
      let taken = head.length - (head.indexOf('\r\n\r\n') + 4);
      client.on('data', (chunk: Buffer) => (taken += chunk.length));
      client.on('error', () => undefined);
      client.resume();
      while (taken < BODY.length && !client.closed) await new Promise(setImmediate);
      client.destroy();
      return taken;
    },
  };
}

it('a closing server sends an answer to its end before it closes the connection', async () => {
  const { rest } = await slowClient();
  const closed = closeServer(server, { shutdownDelayMs: 0, shutdownTimeoutMs: 60_000 });
  await new Promise((resolve) => setTimeout(resolve, 100)); // by then the server has checked for idle connections several times
  expect(await rest()).toBe(BODY.length);
  expect(await closed).toBe(true);
});

it('Node does not regard the answer as unfinished', () => {
  const closeIdleConnections = (): void => undefined;
  const server = { closeIdleConnections };
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  keepUnsentAnswers(server)(response);
  response.end();
  server.closeIdleConnections();
  expect(Object.entries(response)).toContainEqual(['finished', true]);
});

it('an answer that a client is reading is not cut to make room for others', async () => {
  const { rest } = await slowClient();
  server.emit('drop');
  expect(await rest()).toBe(BODY.length);
});
