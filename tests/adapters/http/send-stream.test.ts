import { once } from 'node:events';
import { request } from 'node:http';
import { expect, it } from '@jest/globals';
import { inMemoryMessageRepository } from '../../../src/adapters/persistence/in-memory-message-repository.ts';
import { timestampFromMicros } from '../../../src/domain/timestamp.ts';
import { manualClock, recordingLogger, recordingMetrics } from '../../support/fakes.ts';
import { serveHttp } from '../../support/http-server.ts';

it('who leaves while his stream is being opened is no fault, and leaves nothing open', async () => {
  const asked = Promise.withResolvers<undefined>();
  const answered = Promise.withResolvers<undefined>();
  const sound = inMemoryMessageRepository();
  const repository = {
    ...sound,
    async latestArrival() {
      asked.resolve(undefined);
      await answered.promise;
      return sound.latestArrival();
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
