import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { SentRequest } from './leak-watch.ts';

const CHANNEL = 'http.server.request.start';
/** Of a larger body this much is told. */
const MOST = 262_144;

/**
 * Tells of every request that a server of this process is sent at a port, by whatever client: a browser, curl, a generated
 * one. Before the service sees the request, and of its body each time that more of it is there. Gives what ends it.
 */
export function onReceived(port: number, tell: (request: SentRequest) => void): () => void {
  const listener = (message: unknown): void => {
    const { request } = message as { request: IncomingMessage };
    if (request.socket.localPort !== port) return;
    tell({ target: request.url, headers: request.headers });
    const push = request.push.bind(request);
    let body = Buffer.alloc(0);
    request.push = (chunk: Buffer | null, encoding) => {
      if (chunk !== null && body.length < MOST) {
        body = Buffer.concat([body, chunk]);
        tell({ body });
      }
      return push(chunk, encoding);
    };
  };
  subscribe(CHANNEL, listener);
  return () => {
    unsubscribe(CHANNEL, listener);
  };
}
