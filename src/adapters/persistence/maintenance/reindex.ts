/** How a search index is built anew beside the service. */
export interface ReindexOptions {
  /** Stops between two steps, and rejects with the signal's reason: calling it again goes on or begins anew. */
  readonly signal: AbortSignal;
  /** `done` of about `total` pieces of work. */
  readonly onProgress: (done: number, total: number) => void;
}

/** Builds the search index anew, whatever state it is in; searches are right meanwhile. Gives how many messages there are. */
export type Reindex = (options: ReindexOptions) => Promise<number>;
