import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { judge } from './judge.ts';
import type { Random } from './random.ts';
import type { Rig } from './rig.ts';
import { inRounds } from './rounds.ts';

/**
 * The files as a power cut leaves them: at one instant, with the last write torn. A message that was acknowledged before that instant
 * was flushed, so it has to be in the copy.
 */
export const powerCut = inRounds({
  name: 'power cut',
  description: 'the files are copied at random instants of writing, the end of the log torn, and opened',
  engines: ['sqlite'],
  rounds: 60,
  async setUp(rig, findings, { random }) {
    await rig.start();
    return {
      async round() {
        const load = rig.load();
        await rig.acknowledged();
        await delay(random.below(200));
        const acknowledged = new Set(rig.ledger.acknowledged);
        const folder = path.join(rig.folder, 'copy');
        const copy = await copyAtOneInstant(rig, folder);
        await load.stop();
        tearEnd(`${copy}-wal`, random);
        findings.add(await judge(`sqlite:///${copy}`, { ...rig.ledger, acknowledged }));
        rmSync(folder, { recursive: true });
      },
    };
  },
});

/** Stops all threads of the process while it copies; returns the name of the copy. */
async function copyAtOneInstant(rig: Rig, folder: string): Promise<string> {
  mkdirSync(folder);
  const { child } = rig.process();
  child.kill('SIGSTOP');
  while (!isStopped(child.pid ?? 0)) await delay(1);
  for (const file of ['app.db', 'app.db-wal']) copyFileSync(path.join(rig.folder, file), path.join(folder, file));
  child.kill('SIGCONT');
  return path.join(folder, 'app.db');
}

/** Whether Linux has stopped every thread: a thread that waits for the disk is not stopped yet. */
function isStopped(pid: number): boolean {
  const threads = `/proc/${String(pid)}/task`;
  return readdirSync(threads).every((thread) => /\) [Tt] /.test(readFileSync(`${threads}/${thread}/stat`, 'utf8')));
}

const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** Replaces the end of a write-ahead log, after its last commit, with random bytes or zeros (https://www.sqlite.org/fileformat2.html#walformat). */
function tearEnd(file: string, random: Random): void {
  const log = readFileSync(file);
  if (log.length < LOG_HEADER_BYTES) return;
  const frameBytes = FRAME_HEADER_BYTES + log.readUInt32BE(8);
  let end = LOG_HEADER_BYTES;
  for (let at = end; at + frameBytes <= log.length; at += frameBytes) {
    const sameSalts = log.compare(log, 16, 24, at + 8, at + 16) === 0;
    if (!sameSalts) break; // of an earlier round of the log
    const isCommit = log.readUInt32BE(at + 4) !== 0;
    if (isCommit) end = at + frameBytes;
  }
  const torn = Buffer.from(Array.from({ length: random.below(2 * frameBytes) }, () => random.below(256)));
  writeFileSync(file, Buffer.concat([log.subarray(0, end), random.below(2) === 0 ? torn : Buffer.alloc(torn.length)]));
}
