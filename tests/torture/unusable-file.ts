import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from './rig.ts';
import { inRounds } from './rounds.ts';
import type { Scenario } from './scenario.ts';

/** Makes the database unusable while no service runs; gives what makes it usable again. */
type Spoil = (file: string) => () => void;

const SPOILT: readonly [name: string, description: string, spoil: Spoil][] = [
  [
    'read-only',
    'the service finds a file that it may not write, until it may',
    (file) => {
      chmodSync(file, 0o444);
      return () => {
        writable(file);
        // What SQLite makes beside it has its mode, and may come from before.
        for (const ms of [500, 1_500]) setTimeout(writable, ms, file).unref();
      };
    },
  ],
  ['damaged header', 'the service finds a file that is no database, until it is restored', damaged(0, 100)],
  ['damaged pages', 'all pages but the first are empty, until they are restored', damaged(4_096, Infinity)],
];

function writable(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) if (existsSync(file + suffix)) chmodSync(file + suffix, 0o644);
}

/** Root may write everything; without its capabilities it is a user like others. */
const UNPRIVILEGED = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : [];

/** As after a restart in the middle of the night: the service lives, refuses everything, and recovers when the file does. */
export const UNUSABLE_FILES: readonly Scenario[] = SPOILT.map(([name, description, spoil]) =>
  inRounds({
    name,
    description,
    engines: ['sqlite'],
    rounds: 3,
    async setUp(rig, { recoveriesMs, faults }, { holdMs }) {
      await rig.start();
      return {
        async round() {
          const before = rig.load();
          await rig.acknowledged();
          await before.stop();
          rig.process().child.kill('SIGTERM');
          await rig.process().ended;
          const mend = spoil(path.join(rig.folder, 'app.db'));
          const acknowledged = rig.ledger.acknowledged.size;
          await rig.begin({ MIGRATE_ON_START: 'false' }, UNPRIVILEGED);
          const load = rig.load();
          await until(() => load.shed() > 0, 'no message was refused with 503');
          await delay(Math.max(300, holdMs));
          await load.stop();
          await rig.readiness(503);
          faults.push(...load.refused());
          const taken = rig.ledger.acknowledged.size - acknowledged;
          if (taken > 0) faults.push(`${String(taken)} messages were taken`);
          mend();
          const mendedAt = performance.now();
          await rig.readiness(200);
          recoveriesMs.push(performance.now() - mendedAt);
        },
      };
    },
  }),
);

function damaged(from: number, to: number): Spoil {
  return (file) => {
    const good = readFileSync(file);
    writeFileSync(file, Buffer.from(good).fill(0, from, Math.min(to, good.length)));
    return () => {
      writeFileSync(file, good);
    };
  };
}
