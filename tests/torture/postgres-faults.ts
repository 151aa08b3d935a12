import pg from 'pg';
import { mutingProxy, type MutingProxy } from '../adapters/persistence/muting-proxy.ts';
import type { Fault } from './fault.ts';
import type { Rig } from './rig.ts';

const serverOf = ({ server }: Rig) => {
  if (server === undefined) throw new Error('there is no PostgreSQL server');
  return server;
};

const crashed: Fault = {
  name: 'database crash',
  description: 'the PostgreSQL server dies and is started again',
  engines: ['postgres'],
  rounds: 5,
  checks: { database: 'unreachable' },
  async inject(rig) {
    await serverOf(rig).stop('immediate');
    return () => serverOf(rig).start();
  },
};

const stopped: Fault = {
  name: 'database stop',
  description: 'the PostgreSQL server is stopped in order and started again',
  engines: ['postgres'],
  rounds: 5,
  checks: { database: 'unreachable' },
  async inject(rig) {
    await serverOf(rig).stop('fast');
    return () => serverOf(rig).start();
  },
};

const full: Fault = {
  name: 'no connection',
  description: 'the server has no connection left, and those of the service are cut',
  engines: ['postgres'],
  rounds: 3,
  checks: {}, // some connections may be had back, enough to read
  async inject(rig) {
    const others: pg.Client[] = [];
    const connected = async (): Promise<boolean> => {
      const client = new pg.Client(serverOf(rig).url);
      client.on('error', () => undefined);
      return client.connect().then(
        () => others.push(client) > 0,
        () => false,
      );
    };
    while (await connected());
    // Each that is cut is taken by somebody else before the service comes back for it.
    const [first] = others;
    const { rows } = (await first?.query<{ pid: number }>('select pid from pg_stat_activity where pid <> all($1)', [
      others.map((client) => (client as unknown as { processID: number }).processID),
    ])) ?? { rows: [] };
    for (const { pid } of rows) await first?.query('select pg_terminate_backend($1)', [pid]);
    while (await connected());
    return async () => {
      await Promise.all(others.map((client) => client.end()));
    };
  },
};

/** A network that was cut and says nothing: connections stay, and no answer comes. */
function silentNetwork(): Fault {
  let proxy: MutingProxy | undefined;
  return {
    name: 'silent network',
    description: 'what is under way to the server gets no answer, and no connection is closed',
    engines: ['postgres'],
    rounds: 2,
    checks: null, // new connections get through
    async prepare(rig) {
      const between = await mutingProxy(rig.databaseUrl);
      proxy = between;
      return { environment: { DATABASE_URL: between.url }, end: () => between.close() };
    },
    inject() {
      proxy?.mute();
      return Promise.resolve(() => Promise.resolve());
    },
  };
}

export const POSTGRES_FAULTS: readonly Fault[] = [crashed, stopped, full, silentNetwork()];
