import { fork } from 'node:child_process';
import { once } from 'node:events';
import { UnusableBackup, type BackupContent } from '../../../../application/ports/backup.ts';
import type { Work } from '../../../../application/ports/maintenance.ts';
import { STEPS } from './examination.ts';

/** From its sources this runs as TypeScript, built as JavaScript. */
const PROCESS = new URL(`./examine-process.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

type News =
  | { readonly is: 'step'; readonly step: number }
  | { readonly is: 'content'; readonly content: BackupContent }
  | { readonly is: 'failure'; readonly message: string; readonly unusable: boolean };

/** As examineFile, in a process of its own, which the signal ends at once. */
export async function examine(file: string, { signal, onProgress }: Work): Promise<BackupContent> {
  signal.throwIfAborted();
  const child = fork(PROCESS, [file], { serialization: 'advanced', execArgv: [] });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  const told: News[] = [];
  onProgress('checking', 0, STEPS);
  child.on('message', (news: News) => {
    told.push(news);
    if (news.is === 'step') onProgress('checking', news.step, STEPS);
  });
  try {
    await once(child, 'close');
  } finally {
    signal.removeEventListener('abort', kill);
  }
  signal.throwIfAborted();
  const last = told.at(-1);
  if (last?.is === 'content') return last.content;
  if (last?.is !== 'failure') throw new Error('the check was ended from outside');
  throw last.unusable ? new UnusableBackup(last.message) : new Error(last.message);
}
