import type { Server, ServerOptions } from 'node:http';

/**
 * The time (ms), memory and connections that one sender may use. It names all of Node's limits, even those that keep their default, because
 * each is a decision that no new version and no flag of the process may change.
 */
export interface ConnectionLimits {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly connectionsCheckingInterval: number;
  readonly keepAliveTimeout: number;
  readonly silenceTimeout: number;
  readonly sendTimeout: number;
  readonly lingerTimeout: number;
  readonly maxHeaderSize: number;
  readonly maxHeadersCount: number;
  readonly maxRequestsPerSocket: number;
  readonly maxConnections: number;
}

/** @param longestAnswer the ms that the service may need for an answer */
export function connectionLimits(longestAnswer: number): ConnectionLimits {
  return {
    // For the head of a request. It also runs from the opening of a connection, so that a silent one is closed.
    headersTimeout: 10_000,
    // For a whole request: 3 MiB in that time are 100 KiB/s.
    // It bounds the time and not the number of pieces, which may be millions of one byte: body/read.ts bounds their memory.
    requestTimeout: 30_000,
    // How often Node checks the two timeouts above. With its default of 30 s a sender could have 60 s.
    connectionsCheckingInterval: 2_000,
    // Longer than the 60 s after which common load balancers close an idle connection, or they could send a request on a connection
    // that we are just closing.
    keepAliveTimeout: 65_000,
    // Without a byte in either direction. Node has no such limit, and waits up to twice as long if a part of an answer is unsent.
    silenceTimeout: longestAnswer + 60_000,
    // For a client that reads nothing of its answer: the connection is reset, see unread/unread-answers.ts. It also counts what the kernel
    // holds, and must be shorter than keepAliveTimeout, after which Node would close the connection and the kernel would keep the answer.
    sendTimeout: 60_000,
    // For so long the rest of a rejected body is read and discarded, see linger.ts.
    lingerTimeout: 5_000,
    // Node's default, which --max-http-header-size could change. Larger heads get 431.
    maxHeaderSize: 16_384,
    // Only the size is limited: above a number of headers, Node would silently omit the others.
    maxHeadersCount: 0,
    // No limit: Node would answer further requests with its own 503, which is not in the contract. pipelining-guard.ts bounds the
    // requests that wait at a time, and reusing a connection is cheaper than opening one.
    maxRequestsPerSocket: 0,
    // An idle connection costs some 23 KiB: this many fit into the 512 MiB of docker-compose.yml. Further ones are closed on
    // arrival, and idle ones as well, so that the next client gets in (roomMaker).
    maxConnections: 8_000,
  };
}

/** The limits that createServer takes as options. */
export function serverOptions(limits: ConnectionLimits): ServerOptions {
  const { headersTimeout, requestTimeout, connectionsCheckingInterval, keepAliveTimeout, maxHeaderSize } = limits;
  return {
    ...{ headersTimeout, requestTimeout, connectionsCheckingInterval, keepAliveTimeout, maxHeaderSize },
    // Whatever NODE_OPTIONS says: two lengths of one body allow request smuggling.
    insecureHTTPParser: false,
    // host-header.ts makes this check: Node's answer would have no body, no log line and no metric.
    requireHostHeader: false,
  };
}

/** The shortest time between two rounds of closing idle connections. */
const ROOM_INTERVAL_MS = 1_000;

/**
 * Closes idle connections, because a client that opens the maximum and does nothing would otherwise keep everybody out.
 * @param resetSlow called as often, for the connections of clients that hardly read
 */
export function roomMaker(server: Server, resetSlow: () => void = () => undefined): () => void {
  let next = 0;
  return () => {
    const now = performance.now();
    if (now < next) return;
    next = now + ROOM_INTERVAL_MS;
    server.closeIdleConnections();
    resetSlow();
  };
}
