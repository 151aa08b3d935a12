import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { newDatabase, startBaseline, startService, type Subject } from './subjects.ts';

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

/** The same load on the baseline and on the service, one after the other, each on an empty database. */
export async function ingestPair(connections: number, seconds: number): Promise<IngestPair> {
  const baseline = await underLoad(startBaseline, connections, seconds);
  const service = await underLoad(startService, connections, seconds);
  return { connections, baseline: baseline.load, service: service.load, serviceMemory: service.memory };
}

/** The load on a service that is full already, with and without clients that search in a loop. */
export async function ingestWhileSearching(
  file: string,
  seconds: number,
): Promise<{ alone: Load; searching: Load; memoryAlone: number; memory: number }> {
  const service = await startService(file);
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

async function underLoad(
  start: (file: string) => Promise<Subject>,
  connections: number,
  seconds: number,
): Promise<{ load: Load; memory: number }> {
  const database = newDatabase();
  const subject = await start(database.file);
  try {
    await load(subject.port, connections, 1, 'warm'); // compiled code, before anything counts
    return { load: await load(subject.port, connections, seconds, 'run'), memory: subject.memory() };
  } finally {
    await subject.stop();
    database.remove();
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
