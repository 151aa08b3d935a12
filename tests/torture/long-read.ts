import { statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { finalOutcome, newRig } from './rig.ts';
import type { Scenario } from './scenario.ts';

/** What the log may keep for itself, and a little more. */
const LOG_BYTES = 65 * 2 ** 20;

/** A backup or a copy that reads one state for long: the log grows behind it, nothing else happens, and it shrinks again. */
export const longRead: Scenario = {
  name: 'long read',
  description: 'another process reads one state for long, so that the write-ahead log only grows',
  engines: ['sqlite'],
  rounds: 2,
  async run(circumstances) {
    const { rounds, holdMs, onRound, signal } = circumstances;
    const rig = await newRig(circumstances);
    const file = path.join(rig.folder, 'app.db');
    const faults: string[] = [];
    try {
      await rig.start();
      for (let round = 0; round < rounds && signal?.aborted !== true; round++) {
        const load = rig.load();
        const reader = new Database(file, { readonly: true });
        reader.exec('begin');
        reader.prepare('select count(*) from messages').get();
        const before = statSync(`${file}-wal`).size;
        await delay(Math.max(1_000, holdMs));
        if (statSync(`${file}-wal`).size <= before) faults.push('the log did not grow: nothing was tried');
        reader.close();
        await delay(500);
        await load.stop();
        for (const [what, times] of load.refusals) faults.push(`${what}, ${String(times)} times`);
        const { size } = statSync(`${file}-wal`);
        if (size > LOG_BYTES) faults.push(`the log keeps ${String(size)} bytes`);
        onRound?.();
      }
      return await finalOutcome(rig, [], faults);
    } finally {
      await rig.remove();
    }
  },
};
