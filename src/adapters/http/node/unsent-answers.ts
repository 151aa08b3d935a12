import type { Server, ServerResponse } from 'node:http';

/**
 * Keeps connections from being closed as idle before their answers are sent: Node takes one for idle as soon as its answer is made, and cuts
 * off who has not taken all of it yet. Gives what is to be called with each answer that is begun; at most one of a connection at a time.
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

/** What Node's closeIdleConnections goes by. It is set when an answer is made; nothing else reads it meanwhile. */
function markFinished(response: ServerResponse, finished: boolean): void {
  Object.assign(response, { finished });
}
