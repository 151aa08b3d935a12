export interface ReindexOptions {
  /** Stops the work between two steps; it then rejects with the signal's reason. A later call resumes or restarts it. */
  readonly signal: AbortSignal;
  /** `done` of about `total` units of work. */
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * Rebuilds the search index while the service runs, even if the index is corrupt. Searches stay exact meanwhile. Returns the
 * number of messages.
 */
export type Reindex = (options: ReindexOptions) => Promise<number>;
