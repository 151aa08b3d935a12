import { statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { until } from './rig.ts';
import { inRounds } from './rounds.ts';

/** What the log may keep for itself, and a little more. */
const LOG_BYTES = 65 * 2 ** 20;

/** A backup or a copy that reads one state for long: the log grows behind it, nothing else happens, and it shrinks again. */
export const longRead = inRounds({
  name: 'long read',
  description: 'another process reads one state for long, so that the write-ahead log only grows',
  engines: ['sqlite'],
  rounds: 2,
  async setUp(rig, { faults }, { holdMs }) {
    const file = path.join(rig.folder, 'app.db');
    const logBytes = (): number => statSync(`${file}-wal`).size;
    await rig.start();
    return {
      async round() {
        const load = rig.load();
        const reader = new Database(file, { readonly: true });
        reader.exec('begin');
        reader.prepare('select count(*) from messages').get();
        const before = logBytes();
        await delay(Math.max(1_000, holdMs));
        await until(() => logBytes() > before, 'the log did not grow: nothing was tried');
        reader.close();
        await delay(500);
        await load.stop();
        faults.push(...load.refused());
        if (logBytes() > LOG_BYTES) faults.push(`the log keeps ${String(logBytes())} bytes`);
      },
    };
  },
});
