import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { CallerContext } from '../../../application/ports/telemetry.ts';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
/** W3C Trace Context, section 3.2: version, trace id, parent id, flags; neither id may be all zeros. Only later versions have more. */
const TRACEPARENT = /^(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const SAMPLED = 0x01;

export interface RequestIds {
  readonly requestId: string;
  readonly caller: CallerContext | undefined;
}

/**
 * Finds the id of a request and the span that it comes from. The client's values count if they are well formed. A request without
 * an id gets a random one, never its trace id, which all requests of a trace share.
 */
export function requestIds(headers: IncomingHttpHeaders): RequestIds {
  const caller = callerIn(headers);
  const given = headers['x-request-id'];
  const requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
  return { requestId, caller };
}

function callerIn({ traceparent, tracestate }: IncomingHttpHeaders): CallerContext | undefined {
  const [, traceId, spanId, flags] = typeof traceparent === 'string' ? (TRACEPARENT.exec(traceparent) ?? []) : [];
  if (traceId === undefined || spanId === undefined) return undefined;
  const state = typeof tracestate === 'string' ? tracestate : undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags ?? '', 16) & SAMPLED) !== 0, state };
}
