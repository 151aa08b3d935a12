import { describe, expect, it } from '@jest/globals';
import { message } from '../adapters/persistence/contract/repository-fixtures.ts';
import { startProcess, startService } from '../support/service.ts';
import { temporaryFolder } from '../support/sqlite.ts';
import { place, store, type Engine } from '../support/stores.ts';
import { timestamp, timestampFromMicros } from '../../src/domain/timestamp.ts';

const LONG_AGO = timestamp('2020-01-01T00:00:00Z');
const NOW = timestampFromMicros(BigInt(Date.now()) * 1_000n);

describe.each<Engine>(['sqlite', 'postgres'])('a service on %s with RETENTION_DAYS', (engine) => {
  it('erases messages that are old by every timestamp, and none that was received recently', async () => {
    const database = await place(engine);
    try {
      await store(database.url, [
        { ...message('old', { sentAt: LONG_AGO, text: 'forget me' }), receivedAt: LONG_AGO },
        { ...message('late', { sentAt: LONG_AGO, text: 'forget me not' }), receivedAt: NOW },
        { ...message('young', { sentAt: NOW }), receivedAt: NOW },
      ]);
      const service = await startService({ DATABASE_URL: database.url, RETENTION_DAYS: '30' });
      try {
        const ids = async (query = ''): Promise<unknown> => {
          const { data } = (await service.read(`/messages${query}`)).json() as { data: { message_id: string }[] };
          return data.map(({ message_id: id }) => id);
        };
        while ((await fetch(`${service.url}/messages/old`)).status === 200);
        expect(await ids()).toEqual(['late', 'young']);
        expect(await ids('?q=forget')).toEqual(['late']);
        expect((await service.read('/stats')).json()).toMatchObject({ total_messages: 2 });
        let metrics = '';
        while (!metrics.includes('messages_erased_total{cause="retention"} 1\n')) {
          metrics = (await service.read('/metrics')).body;
        }
      } finally {
        await service.stop();
      }
    } finally {
      await database.close();
    }
  });
});

describe('a service whose clock is three years ahead', () => {
  it('erases nothing, and says so in the log and the metrics', async () => {
    const folder = await temporaryFolder();
    try {
      const url = `sqlite:///${folder.file('app.db')}`;
      await store(
        url,
        Array.from({ length: 20 }, (_, i) => ({ ...message(`m${String(i)}`, { sentAt: NOW }), receivedAt: NOW })),
      );
      const shift = 'const { now } = Date; Date.now = () => now() + 3 * 365 * 86_400_000;';
      const service = startProcess(folder.path, {
        DATABASE_URL: url,
        RETENTION_DAYS: '30',
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(shift)}`,
      });
      const client = await service.listening;
      const line = await service.log.first(({ message: words }) =>
        String(words).startsWith('retention erases nothing'),
      );
      expect(line).toMatchObject({ level: 'ERROR', retention_days: 30, messages: 20 });
      expect((await client.fetch('/metrics')).body).toContain('\nretention_blocked 1\n');
      expect((await client.fetch('/messages')).json()).toMatchObject({ total: 20 });
      service.child.kill('SIGTERM');
      expect(await service.ended).toEqual({ status: 0, stderr: '' });
    } finally {
      await folder.remove();
    }
  });
});
