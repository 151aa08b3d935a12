import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { BenchDatabase, Databases } from './databases.ts';
import { startBaseline, startService, type Subject } from './subjects.ts';

export interface Load {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  readonly ranOut: boolean;
}

export interface IngestPair {
  readonly connections: number;
  readonly baseline: Load;
  readonly service: Load;
  readonly serviceMemory: number;
}

/**
 * Puts the same load on the baseline and on the service, each with its own database. Both stay up and take turns, which
 * spreads other load of the machine over both.
 */
export async function ingestPairs(
  databases: Databases,
  options: { connections: number; seconds: number; pairs: number },
  progress: (pair: number) => void,
): Promise<IngestPair[]> {
  const { connections, seconds, pairs } = options;
  const [baseline, service] = [
    await onNew(await databases.create(), startBaseline),
    await onNew(await databases.create(), startService),
  ];
  try {
    const results: IngestPair[] = [];
    for (let pair = 0; pair <= pairs; pair++) {
      progress(pair);
      const loadOn = (subject: Subject): Promise<Load> =>
        load(subject.port, connections, seconds, `run${String(pair)}-`);
      const [first, second] = pair % 2 === 0 ? [baseline, service] : [service, baseline];
      const loads = new Map([[first, await loadOn(first)]]).set(second, await loadOn(second));
      const [ofBaseline, ofService] = [loads.get(baseline), loads.get(service)];
      // The first turn is for the compiler.
      if (pair === 0 || ofBaseline === undefined || ofService === undefined) continue;
      results.push({ connections, baseline: ofBaseline, service: ofService, serviceMemory: service.memory() });
    }
    return results;
  } finally {
    await baseline.stop();
    await service.stop();
  }
}

async function onNew(database: BenchDatabase, start: (url: string) => Promise<Subject>): Promise<Subject> {
  const subject = await start(database.url);
  return {
    ...subject,
    async stop() {
      await subject.stop();
      await database.remove();
    },
  };
}

/** The load on a service that is full already, with and without clients that search in a loop. */
export async function ingestWhileSearching(
  url: string,
  seconds: number,
): Promise<{ alone: Load; searching: Load; memoryAlone: number; memory: number }> {
  const service = await startService(url);
  try {
    const alone = await load(service.port, 32, seconds, `alone${String(Date.now())}-`);
    const memoryAlone = service.memory();
    const stop = new AbortController();
    const searches = ['order 77', 'STRASSE 12', 'hello'].map((q) => searchLoop(service.port, q, stop.signal));
    const searching = await load(service.port, 32, seconds, `searching${String(Date.now())}-`);
    const memory = service.memory();
    stop.abort();
    await Promise.all(searches);
    return { alone, searching, memoryAlone, memory };
  } finally {
    await service.stop();
  }
}

async function load(port: number, connections: number, seconds: number, prefix: string): Promise<Load> {
  const args = [path.join(import.meta.dirname, 'load.ts'), String(port), String(connections), String(seconds), prefix];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'close');
  const result = JSON.parse(output) as Load;
  if (result.failed > 0) throw new Error(`${String(result.failed)} requests were not answered with 200`);
  return result;
}

async function searchLoop(port: number, q: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await fetch(`http://127.0.0.1:${String(port)}/messages?limit=50&q=${encodeURIComponent(q)}`).then((r) => r.text());
  }
}
