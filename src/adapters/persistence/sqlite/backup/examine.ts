import { fork } from 'node:child_process';
import { once } from 'node:events';
import { UnusableBackup, type BackupContent } from '../../../../application/ports/backup.ts';
import type { Work } from '../../../../application/ports/maintenance.ts';
import { STEPS } from './file/examination.ts';

/** TypeScript when run from the sources, JavaScript in the build. */
const PROCESS = new URL(`./file/examine-process.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

type Report =
  | { readonly is: 'step'; readonly step: number }
  | { readonly is: 'content'; readonly content: BackupContent }
  | { readonly is: 'failure'; readonly message: string; readonly unusable: boolean };

/** Runs examineFile in a child process, which the signal ends immediately. */
export async function examine(file: string, { signal, onProgress }: Work): Promise<BackupContent> {
  signal.throwIfAborted();
  const child = fork(PROCESS, [file], { serialization: 'advanced', execArgv: [] });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  const reports: Report[] = [];
  onProgress('checking', 0, STEPS);
  child.on('message', (report: Report) => {
    reports.push(report);
    if (report.is === 'step') onProgress('checking', report.step, STEPS);
  });
  try {
    await once(child, 'close');
  } finally {
    signal.removeEventListener('abort', kill);
  }
  signal.throwIfAborted();
  const last = reports.at(-1);
  if (last?.is === 'content') return last.content;
  if (last?.is !== 'failure') throw new Error('another process ended the check');
  throw last.unusable ? new UnusableBackup(last.message) : new Error(last.message);
}
