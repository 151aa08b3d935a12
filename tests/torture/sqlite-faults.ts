import { execFile } from 'node:child_process';
import { renameSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import type { Fault } from './fault.ts';
import type { Rig } from './rig.ts';

const run = promisify(execFile);
const databaseOf = ({ folder }: Rig): string => path.join(folder, 'app.db');

/** As far as the service can tell: no file may grow beyond a size, and the system refuses to write. */
const diskFull: Fault = {
  name: 'disk full',
  description: 'no file can be written beyond its first page',
  engines: ['sqlite'],
  rounds: 5,
  checks: { database: 'unwritable' },
  async inject(rig) {
    const limit = (bytes: string) =>
      run('prlimit', ['--pid', String(rig.process().child.pid), `--fsize=${bytes}:unlimited`]);
    await limit('4096');
    return () => limit('unlimited');
  },
};

const locked: Fault = {
  name: 'locked',
  description: 'another process holds the lock for writing',
  engines: ['sqlite'],
  rounds: 2,
  checks: { database: 'unreachable' },
  inject(rig) {
    const other = new Database(databaseOf(rig));
    other.exec('begin immediate');
    return () => other.close();
  },
};

/** Deleted, and brought back: what was acknowledged before is in the files, and nothing may be acknowledged between. */
const moved: Fault = {
  name: 'files gone',
  description: 'database and log are taken away, and brought back',
  engines: ['sqlite'],
  rounds: 10,
  checks: { database: 'unreachable' },
  inject(rig) {
    const names = ['', '-wal', '-shm'].map((suffix) => databaseOf(rig) + suffix);
    for (const name of names) renameSync(name, `${name}.away`);
    return () => {
      // The database last: it must not be found without its log.
      for (const name of names.reverse()) renameSync(`${name}.away`, name);
    };
  },
};

export const SQLITE_FAULTS: readonly Fault[] = [diskFull, locked, moved];
