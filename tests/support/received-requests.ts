import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { SentRequest } from './leak-watch.ts';

const CHANNEL = 'http.server.request.start';
/** The number of bytes of a larger body that are reported. */
const MOST = 262_144;

/**
 * Reports every request that a server of this process receives at a port, from any client: a browser, curl, a generated
 * one. It reports before the service sees the request, and again whenever more of its body has arrived. Returns a function that stops it.
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
