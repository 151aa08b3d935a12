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

/** A client that has asked for a large body, of which all is made and only the beginning taken. */
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
    /** Takes the rest; gives how many bytes of the body came. */
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

it('an answer is sent to its end before a server that closes closes the connection', async () => {
  const { rest } = await slowClient();
  const closed = closeServer(server, { shutdownDelayMs: 0, shutdownTimeoutMs: 60_000 });
  await new Promise((resolve) => setTimeout(resolve, 100)); // it has looked for idle connections some times
  expect(await rest()).toBe(BODY.length);
  expect(await closed).toBe(true);
});

it('Node is not left in the belief that an answer is not made', () => {
  const closeIdleConnections = (): void => undefined;
  const server = { closeIdleConnections };
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  keepUnsentAnswers(server)(response);
  response.end();
  server.closeIdleConnections();
  expect(Object.entries(response)).toContainEqual(['finished', true]);
});

it('an answer that is being taken is not cut off to make room for others', async () => {
  const { rest } = await slowClient();
  server.emit('drop');
  expect(await rest()).toBe(BODY.length);
});
