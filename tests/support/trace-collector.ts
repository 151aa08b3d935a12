import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { fieldsOf, type Fields } from './protobuf.ts';

export interface CollectedSpan {
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'another';
  readonly traceId: string;
  readonly spanId: string;
  /** '' for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly startedAt: bigint;
  readonly endedAt: bigint;
  readonly attributes: Attributes;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly events: number;
  readonly status: { readonly error: boolean; readonly message: string };
  readonly resource: Attributes;
}

type Attributes = Readonly<Record<string, string | number>>;

export interface TraceCollector {
  readonly url: string;
  /** All spans that it received. */
  readonly exports: readonly { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: Buffer }[];
  readonly spans: readonly CollectedSpan[];
  named(name: string): CollectedSpan[];
  /** Resolves when this number of exports has arrived since the start. */
  exported(count: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * A collector of OpenTelemetry traces on a free port of the loopback interface, which accepts OTLP in protobuf over HTTP
 * (https://github.com/open-telemetry/opentelemetry-proto). `answer` answers each export; without it the status is 200.
 */
export async function traceCollector(
  answer: (response: ServerResponse) => void = (response) => void response.end(),
): Promise<TraceCollector> {
  const exports: { path: string; headers: IncomingHttpHeaders; body: Buffer }[] = [];
  const spans: CollectedSpan[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      exports.push({ path: request.url ?? '', headers: request.headers, body });
      spans.push(...spansOf(body));
      answer(response);
      server.emit('export');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    exports,
    spans,
    named: (name) => spans.filter((span) => span.name === name),
    async exported(count) {
      while (exports.length < count) await once(server, 'export');
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function spansOf(request: Buffer): CollectedSpan[] {
  return messages(fieldsOf(request), 1).flatMap((resourceSpans) => {
    const resource = Object.assign({}, ...messages(resourceSpans, 1).map((one) => attributesOf(one, 1))) as Attributes;
    const scopes = messages(resourceSpans, 2);
    return scopes.flatMap((scope) => messages(scope, 2).map((span) => spanOf(span, resource)));
  });
}

function spanOf(span: Fields, resource: Attributes): CollectedSpan {
  const [status = new Map() as Fields] = messages(span, 15);
  return {
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    traceState: text(span, 3),
    parentSpanId: hex(span, 4),
    name: text(span, 5),
    kind: number(span, 6) === 1n ? 'internal' : number(span, 6) === 2n ? 'server' : 'another',
    startedAt: number(span, 7) ?? 0n,
    endedAt: number(span, 8) ?? 0n,
    attributes: attributesOf(span, 9),
    events: messages(span, 11).length,
    links: messages(span, 13).map((link) => ({ traceId: hex(link, 1), spanId: hex(link, 2) })),
    status: { message: text(status, 2), error: number(status, 3) === 2n },
    resource,
  };
}

/** Only texts and integers: the service sends no others. */
function attributesOf(fields: Fields, field: number): Attributes {
  const pairs = messages(fields, field).map((pair) => {
    const [value = new Map() as Fields] = messages(pair, 2);
    const whole = number(value, 3);
    return [text(pair, 1), whole === undefined ? text(value, 1) : Number(whole)] as const;
  });
  return Object.fromEntries(pairs);
}

function messages(fields: Fields, field: number): Fields[] {
  return (fields.get(field) ?? []).filter((value) => typeof value !== 'bigint').map(fieldsOf);
}

function bytes(fields: Fields, field: number): Buffer {
  const value = fields.get(field)?.[0];
  return value === undefined || typeof value === 'bigint' ? Buffer.alloc(0) : value;
}

const text = (fields: Fields, field: number): string => bytes(fields, field).toString();
const hex = (fields: Fields, field: number): string => bytes(fields, field).toString('hex');

function number(fields: Fields, field: number): bigint | undefined {
  const value = fields.get(field)?.[0];
  return typeof value === 'bigint' ? value : undefined;
}
