import type { Server, ServerOptions } from 'node:http';

/**
 * What one sender may cost, in time (ms), memory and connections. All of Node's limits are named, those that keep its default too:
 * each is a decision, and none is to change with a new version or a flag of the process.
 */
export interface ConnectionLimits {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly connectionsCheckingInterval: number;
  readonly keepAliveTimeout: number;
  readonly silenceTimeout: number;
  readonly lingerTimeout: number;
  readonly maxHeaderSize: number;
  readonly maxHeadersCount: number;
  readonly maxRequestsPerSocket: number;
  readonly maxConnections: number;
}

/** @param longestAnswer the ms that an answer may take to be made */
export function connectionLimits(longestAnswer: number): ConnectionLimits {
  return {
    // For the head of a request, from the opening of the connection, too: one that sends nothing is closed as well.
    headersTimeout: 10_000,
    // For the whole of a request. 3 MiB in that time are 100 KiB/s.
    // It bounds the time and not the pieces, which may be millions of one byte: body.ts sees to their memory.
    requestTimeout: 30_000,
    // How often Node looks for the two above. Its default of 30 s would let a sender have 60.
    connectionsCheckingInterval: 2_000,
    // Longer than the 60 s after which common load balancers drop an idle connection, or a request could meet one that
    // we are just closing.
    keepAliveTimeout: 65_000,
    // With no byte either way: who does not read an answer would keep it in memory for ever. Node has no such limit by default.
    silenceTimeout: longestAnswer + 60_000,
    // What is still sent of a refused body is read and thrown away for so long, see linger.ts.
    lingerTimeout: 5_000,
    // Node's default, which --max-http-header-size could change. More is 431.
    maxHeaderSize: 16_384,
    // No limit but the size: above a number, Node would leave headers out without a word.
    maxHeadersCount: 0,
    // No limit: above a number, Node answers with a 503 of its own that is in no contract. What is asked at a time is
    // bounded in in-turn.ts, and a connection that is used again is the cheaper one.
    maxRequestsPerSocket: 0,
    // An idle one costs some 23 KiB: this many fit into the 512 MiB of docker-compose.yml. More are closed as they
    // come, and idle ones with them, so that the next has room (server.ts).
    maxConnections: 8_000,
  };
}

/** Those that are given to createServer. */
export function serverOptions(limits: ConnectionLimits): ServerOptions {
  const { headersTimeout, requestTimeout, connectionsCheckingInterval, keepAliveTimeout, maxHeaderSize } = limits;
  return {
    ...{ headersTimeout, requestTimeout, connectionsCheckingInterval, keepAliveTimeout, maxHeaderSize },
    // Whatever NODE_OPTIONS says: a length said twice, or in two ways, is how one request is smuggled in another.
    insecureHTTPParser: false,
    // Refused by ourselves: Node would do it without a body, a log line or a metric.
    requireHostHeader: false,
  };
}

/** How often connections that are kept alive make room, at most. */
const ROOM_INTERVAL_MS = 1_000;

/** Closes those that wait for another request, or who opens as many as there may be would keep everybody out by doing nothing. */
export function roomMaker(server: Server): () => void {
  let next = 0;
  return () => {
    const now = performance.now();
    if (now < next) return;
    next = now + ROOM_INTERVAL_MS;
    server.closeIdleConnections();
  };
}
