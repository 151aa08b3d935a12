import pg from 'pg';
import { troubledNetwork, type TroubledNetwork } from '../support/troubled-network.ts';
import type { Fault } from './fault.ts';
import type { Rig } from './rig.ts';

const serverOf = ({ server }: Rig) => {
  if (server === undefined) throw new Error('there is no PostgreSQL server');
  return server;
};

function serverEnds(name: string, how: 'immediate' | 'fast', description: string): Fault {
  return {
    ...{ name, description, engines: ['postgres'], rounds: 5, checks: { database: 'unreachable' } },
    async inject(rig) {
      await serverOf(rig).stop(how);
      return () => serverOf(rig).start();
    },
  };
}

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
    return () => Promise.all(others.map((client) => client.end()));
  },
};

/** A network that was cut and says nothing: connections stay, and no answer comes. */
function silentNetwork(): Fault {
  let network: TroubledNetwork | undefined;
  return {
    name: 'silent network',
    description: 'what is under way to the server gets no answer, and no connection is closed',
    engines: ['postgres'],
    rounds: 2,
    checks: null, // new connections get through
    async prepare(rig) {
      const { url, close } = (network = await troubledNetwork(rig.databaseUrl));
      return { environment: { DATABASE_URL: url }, end: close };
    },
    inject() {
      network?.mute();
      return () => undefined;
    },
  };
}

export const POSTGRES_FAULTS: readonly Fault[] = [
  serverEnds('database crash', 'immediate', 'the PostgreSQL server dies and is started again'),
  serverEnds('database stop', 'fast', 'the PostgreSQL server is stopped in order and started again'),
  full,
  silentNetwork(),
];
