import type { Server, ServerResponse } from 'node:http';

/**
 * Keeps connections from being closed as idle before their answers are sent. Node treats a connection as idle as soon as its answer is complete
 * in memory, and would cut off a client that has not received all of it.
 * @returns a function to call with each response when its request is handled, at most one of a connection at a time
 */
export function keepUnsentAnswers(server: Pick<Server, 'closeIdleConnections'>): (response: ServerResponse) => void {
  const unsent = new Set<ServerResponse>();
  const closeIdle = server.closeIdleConnections.bind(server);
  server.closeIdleConnections = () => {
    const made = [...unsent].filter(({ writableEnded }) => writableEnded);
    for (const response of made) markFinished(response, false);
    closeIdle();
    for (const response of made) markFinished(response, true);
  };
  return (response) => {
    unsent.add(response);
    response.once('close', () => unsent.delete(response));
  };
}

/** Sets the flag that Node's closeIdleConnections reads. Node sets it when an answer is complete; nothing else reads it meanwhile. */
function markFinished(response: ServerResponse, finished: boolean): void {
  Object.assign(response, { finished });
}
