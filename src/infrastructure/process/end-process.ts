import type { Worker } from 'node:worker_threads';

/** Threads of this process that have not ended. */
const threads = new Set<Worker>();

/** Counts the threads that are started from now on. */
export function watchThreads(): void {
  process.on('worker', (thread) => {
    threads.add(thread);
    thread.once('exit', () => threads.delete(thread));
  });
}

/**
 * Ends the process with this status at once. `process.exit` waits for every thread: for one in a statement of SQLite as long as that
 * takes, and for a name server that does not answer. Replacing the program ends all threads, and keeps process id and status.
 * @param isIdle whether nothing is under way any more, so that there is nothing to wait for unless a thread is left
 */
export function endProcess(status: number, isIdle: boolean): never {
  if (isIdle && threads.size === 0) process.exit(status);
  try {
    process.execve?.(process.execPath, [process.execPath, '-e', `process.exit(${String(status)})`], {});
  } catch {
    // such as without the right to start programs
  }
  return process.exit(status);
}
