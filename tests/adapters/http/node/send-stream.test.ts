import { once } from 'node:events';
import { request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { expect, it } from '@jest/globals';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { MessageStream } from '../../../../src/application/follow/message-stream.ts';
import { timestampFromMicros } from '../../../../src/domain/timestamp.ts';
import { manualClock, recordingLogger, recordingMetrics, manualTimer } from '../../../support/fakes.ts';
import { serveHttp } from '../../../support/http-server.ts';
import { message } from '../../persistence/contract/repository-fixtures.ts';

it('a client that leaves while its stream is being opened is not an error, and leaves nothing open', async () => {
  const asked = Promise.withResolvers<undefined>();
  const answered = Promise.withResolvers<undefined>();
  const sound = inMemoryMessageRepository();
  const repository = {
    ...sound,
    async feedEnd() {
      asked.resolve(undefined);
      await answered.promise;
      return sound.feedEnd();
    },
  };
  const [metrics, logger] = [recordingMetrics(), recordingLogger()];
  const parts = { repository, verifiers: new Map(), metrics, logger, clock: manualClock(timestampFromMicros(0n)) };
  const { server, port } = await serveHttp(parts);
  try {
    const arriving = once(server, 'request');
    const client = request({ port, path: '/messages/stream', agent: false });
    client.on('error', () => undefined);
    client.end();
    const [, response] = (await arriving) as [unknown, NodeJS.EventEmitter];
    await asked.promise;
    const closed = once(response, 'close');
    client.destroy();
    await closed;
    answered.resolve(undefined);
    while (logger.lines.length === 0) await new Promise(setImmediate);
    expect(logger.lines.map(({ level, message }) => [level, message])).toEqual([['info', 'request']]);
    expect(metrics.streams).toEqual([1, 0]);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

it.each([
  ['follows a stream', 'GET /messages/stream HTTP/1.1\r\nHost: x\r\n\r\n', 200],
  ['sends a body', 'POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{', 400],
])('a client that %s and resets the connection is not an error', async (_, head, status) => {
  const [repository, metrics, logger] = [inMemoryMessageRepository(), recordingMetrics(), recordingLogger()];
  const parts = { repository, verifiers: new Map(), metrics, logger, clock: manualClock(timestampFromMicros(0n)) };
  const { server, port } = await serveHttp(parts);
  const client = connect(port, '127.0.0.1');
  try {
    const arriving = once(server, 'request');
    client.write(head);
    const [, response] = (await arriving) as [unknown, ServerResponse];
    if (status === 200) await once(client, 'data');
    const closed = once(response, 'close');
    client.resetAndDestroy();
    await closed;
    while (logger.lines.length === 0) await new Promise(setImmediate);
    expect(logger.lines.map(({ level, fields }) => [level, fields['status']])).toEqual([['info', status]]);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

it.each([
  ['however little that is', ({ writableLength }: ServerResponse) => writableLength > 0, false],
  ['when nothing more can be sent', ({ writableNeedDrain }: ServerResponse) => writableNeedDrain, true],
])('a client that has not read the end of a stream does not delay its end, %s', async (_, isUnsent, isFull) => {
  const [repository, metrics] = [inMemoryMessageRepository(), recordingMetrics()];
  const messageStream = new MessageStream({ feed: repository, metrics, timer: manualTimer() }, { maxSubscribers: 1 });
  const parts = {
    ...{ repository, metrics, messageStream, verifiers: new Map(), logger: recordingLogger() },
    clock: manualClock(timestampFromMicros(0n)),
  };
  const { server, port } = await serveHttp(parts);
  const client = connect(port, '127.0.0.1');
  try {
    const arriving = once(server, 'request');
    client.write('GET /messages/stream HTTP/1.1\r\nHost: x\r\n\r\n');
    const [, response] = (await arriving) as [unknown, ServerResponse];
    await once(client, 'data');
    client.pause();
    // Until the buffers between the two are full, and no further.
    for (let i = 0; !isUnsent(response); i++) {
      await repository.add([message(`m${String(i)}`, { text: 'x'.repeat(4_096) })]);
      messageStream.stored();
      for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate);
    }
    expect(response.writableNeedDrain).toBe(isFull);
    const closed = once(response, 'close');
    messageStream.stop();
    await closed;
  } finally {
    client.destroy();
    server.close();
    server.closeAllConnections();
  }
});
