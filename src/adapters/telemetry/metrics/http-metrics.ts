import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Metrics } from '../../../application/ports/telemetry.ts';
import { SECONDS } from './buckets.ts';
import { series } from './series-cache.ts';

const RATE_LIMITS = ['bad_signatures', 'reads', 'wrong_keys', 'webhooks'];

export interface HttpLimits {
  readonly maxBufferedBytes: number;
  readonly maxUnreadBytes: number;
  readonly maxStreams: number;
}

type HttpMetrics = Pick<
  Metrics,
  | 'httpRequest'
  | 'rateLimited'
  | 'connectionDropped'
  | 'connectionReset'
  | 'bodyBytes'
  | 'bodyShed'
  | 'unreadBytes'
  | 'answerShed'
  | 'messageStreams'
>;

/** Metrics of all requests, and of their limits. */
export function httpMetrics(registry: Registry, limits: HttpLimits): HttpMetrics {
  const registers = [registry];
  const httpRequests = new Counter({
    name: 'http_requests_total',
    help: 'HTTP requests by method, route and status.',
    labelNames: ['method', 'path', 'status'],
    registers,
  });
  const httpDuration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from receiving a request until its answer is ready.',
    labelNames: ['method', 'path'],
    buckets: SECONDS,
    registers,
  });
  const rateLimited = new Counter({
    name: 'http_rate_limited_total',
    help: 'Requests rejected because their address exceeded a limit, by limit.',
    labelNames: ['kind'],
    registers,
  });
  for (const kind of RATE_LIMITS) rateLimited.inc({ kind }, 0);
  const bodyBytes = new Gauge({
    name: 'request_body_bytes',
    help: 'Bytes of request bodies in memory; a body counts until its request is answered.',
    registers,
  });
  new Gauge({
    name: 'request_body_limit_bytes',
    help: 'Maximum bytes of request bodies in memory; requests beyond it are rejected.',
    registers,
  }).set(limits.maxBufferedBytes);
  const bodiesShed = new Counter({
    name: 'request_bodies_shed_total',
    help: 'Requests rejected because too many bodies were in memory.',
    registers,
  });
  const unreadBytes = new Gauge({
    name: 'response_unread_bytes',
    help: 'Memory of answers that clients have not read, in this process and in the kernel.',
    registers,
  });
  new Gauge({
    name: 'response_unread_limit_bytes',
    help: 'Maximum memory of unread answers; reads beyond it are rejected.',
    registers,
  }).set(limits.maxUnreadBytes);
  const answersShed = new Counter({
    name: 'responses_shed_total',
    help: 'Reads rejected because too many answers were unread.',
    registers,
  });
  const connectionsReset = new Counter({
    name: 'http_connections_reset_total',
    help: 'Connections reset because their clients did not read their answers.',
    registers,
  });
  const messageStreams = new Gauge({
    name: 'message_streams',
    help: 'Open message streams.',
    registers,
  });
  new Gauge({
    name: 'message_streams_limit',
    help: 'Maximum number of open message streams; more are rejected.',
    registers,
  }).set(limits.maxStreams);
  const connectionsDropped = new Counter({
    name: 'http_connections_dropped_total',
    help: 'Connections closed at once because too many were open.',
    registers,
  });

  // Routes and methods are few.
  const counts = series<Counter.Internal>();
  const durations = series<ReturnType<typeof httpDuration.labels>>();

  return {
    httpRequest({ method, path, status, seconds }) {
      const route = `${method} ${path}`;
      counts(`${route} ${String(status)}`, () => httpRequests.labels({ method, path, status })).inc();
      durations(route, () => httpDuration.labels({ method, path })).observe(seconds);
    },
    rateLimited(kind) {
      rateLimited.inc({ kind });
    },
    connectionDropped() {
      connectionsDropped.inc();
    },
    bodyBytes(bytes) {
      bodyBytes.set(bytes);
    },
    bodyShed() {
      bodiesShed.inc();
    },
    unreadBytes(bytes) {
      unreadBytes.set(bytes);
    },
    answerShed() {
      answersShed.inc();
    },
    connectionReset() {
      connectionsReset.inc();
    },
    messageStreams(open) {
      messageStreams.set(open);
    },
  };
}
