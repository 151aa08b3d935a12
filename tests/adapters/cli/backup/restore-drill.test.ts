import { afterAll, beforeAll, expect, it } from '@jest/globals';
import path from 'node:path';
import { CLI, node, type Ended } from '../../persistence/schema/node-process.ts';
import { startProcess, type ServiceProcess } from '../../../support/service.ts';
import { queryPostgres } from '../../../support/postgres-query.ts';
import { installedPostgres, startPostgresServer, type PostgresServer } from '../../../support/postgres-server.ts';
import { temporaryFolder, type TemporaryFolder } from '../../../support/sqlite.ts';
import { judge } from '../../../torture/judge.ts';
import { newLedger, type Ledger } from '../../../torture/ledger.ts';
import { startLoad } from '../../../torture/load.ts';
import { seededRandom } from '../../../torture/random.ts';
import { describeNeeding } from '../../../support/requirements.ts';

let server: PostgresServer;
let folder: TemporaryFolder;

beforeAll(async () => {
  server = await startPostgresServer({ durable: false, installed: installedPostgres() });
  folder = await temporaryFolder();
});

afterAll(async () => {
  await folder.remove();
  await server.remove();
});

async function database(name: string): Promise<string> {
  await queryPostgres(server.url, `create database ${name}`);
  return server.url.replace(/postgres$/, name);
}

const PLACES = {
  sqlite: (name: string) => Promise.resolve(`sqlite:///${folder.file(`${name}.db`)}`),
  postgres: database,
};

const run = (url: string, ...args: string[]): Promise<Ended> =>
  node(folder.path, [CLI, ...args], { DATABASE_URL: url, PATH: path.join(installedPostgres(), 'bin') });

const serve = (url: string): ServiceProcess => startProcess(folder.path, { DATABASE_URL: url });

async function stop(service: ServiceProcess): Promise<void> {
  service.child.kill('SIGTERM');
  expect(await service.ended).toMatchObject({ status: 0 });
}

/** Resolves when the service has acknowledged this number of messages. */
async function acknowledged(ledger: Ledger, count: number): Promise<void> {
  while (ledger.acknowledged.size < count) await new Promise((resolve) => setImmediate(resolve));
}

/** The ledger at this moment: a later message may be in a backup or not. */
function before({ sent, acknowledged: known }: Ledger): Ledger {
  return { sent, acknowledged: new Set(known), created: new Map() };
}

describeNeeding(['postgresql'], 'The restore drill under load', () => {
  it.each(['sqlite', 'postgres'] as const)(
    'on %s: a backup that is taken while webhooks come has all that were acknowledged before it, none twice',
    async (engine) => {
      const [source, target] = [await PLACES[engine]('source'), await PLACES[engine]('target')];
      const ledger = newLedger();
      const service = serve(source);
      const { port } = await service.listening;
      const load = startLoad(() => port, ledger, seededRandom(1), 8);
      await acknowledged(ledger, 200);

      const atLeast = before(ledger);
      const backup = await run(source, 'backup', `${engine}.backup`, '--json');
      const meanwhile = ledger.acknowledged.size - atLeast.acknowledged.size;
      await load.stop();
      await stop(service);
      expect(backup).toMatchObject({ code: 0 });
      expect(meanwhile).toBeGreaterThan(0); // no webhook waited for the end of the backup
      expect(load.refused()).toEqual([]);

      expect(await run(target, 'restore', `${engine}.backup`)).toMatchObject({ code: 0 });
      const restored = serve(target);
      const client = await restored.listening;
      const [someone = ''] = atLeast.acknowledged;
      expect((await client.read(`/messages/${someone}`)).status).toBe(200);
      const { rows } = JSON.parse(backup.stdout) as { rows: number };
      expect((await client.read('/messages?limit=1')).json()).toMatchObject({ total: rows });
      await stop(restored);

      // Messages that were sent during the backup may be in it, so the test checks only that every stored message was sent.
      expect(await judge(target, { ...atLeast, sent: ledger.sent })).toEqual({
        ...{ stored: rows, lost: 0, doubled: 0, invented: 0, faults: [] },
      });
    },
  );
});
