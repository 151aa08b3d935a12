import { setTimeout as delay } from 'node:timers/promises';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { ExportResultCode, setGlobalErrorHandler } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger, Tracer } from '../../../application/ports/telemetry.ts';
import { openTelemetryTracer } from './opentelemetry-tracer.ts';
import { samplerNamed } from './samplers.ts';
import type { TracingOptions } from './tracing-options.ts';

/**
 * Maximum number of spans that wait for an export, about 8 MiB. A busy service ends the SDK's default of 2,048 during a
 * single export.
 */
const MAX_WAITING = 8_192;
/** Minimum time between two diagnostic messages of the SDK in the log. */
const DIAGNOSTIC_INTERVAL_MS = 60_000;
const MAX_DIAGNOSTIC = 256;

export interface Tracing {
  readonly tracer: Tracer;
  /** Exports the ended spans, but only for this time. Never rejects. */
  close(timeoutMs: number): Promise<void>;
}

/**
 * Exports traces to a collector by OTLP over HTTP, in batches and in the background. Up to {@link MAX_WAITING} spans wait; further
 * ones are dropped. An unavailable or slow collector does not delay requests; the log has one line when that begins and one when it
 * ends.
 */
export function otlpTracing(options: TracingOptions, logger: Logger): Tracing {
  const { endpoint, headers, timeoutMs, sampler, ratio, resource } = options;
  diagnoseTo(logger);
  const exporter = new OTLPTraceExporter({ url: endpoint, headers: { ...headers }, timeoutMillis: timeoutMs });
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes(resource)),
    sampler: samplerNamed(sampler, ratio),
    spanLimits: { linkCountLimit: Infinity }, // a commit has one for each request, and MAX_BATCH_MESSAGES bounds those
    spanProcessors: [new BatchSpanProcessor({ exporter: tellingOutages(exporter, logger), maxQueueSize: MAX_WAITING })],
  });
  return {
    tracer: openTelemetryTracer(provider.getTracer('webhook-inbox')),
    async close(closeMs) {
      const exported = provider.shutdown().then(
        () => true,
        () => true, // the exporter has logged the reason
      );
      if (!(await Promise.race([exported, delay(closeMs, false, { ref: false })]))) {
        logger.warn('the last traces were not exported in time', { timeout_ms: closeMs });
      }
    },
  };
}

/** Wraps the exporter, and logs when exports begin to fail and when they succeed again. */
function tellingOutages(exporter: SpanExporter, logger: Logger): SpanExporter {
  let lost = 0;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.code === ExportResultCode.SUCCESS) {
          if (lost > 0) logger.info('traces are exported again', { spans_lost: lost });
          lost = 0;
        } else {
          // The error contains the answer's body, which is not logged because its content is unknown.
          const { name, message } = result.error ?? { name: 'Error', message: 'the collector refused it' };
          if (lost === 0) logger.warn('traces cannot be exported', { error: { name, message: message.slice(0, 256) } });
          lost += spans.length;
        }
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
}

/** Logs warnings of the SDK, such as dropped spans, which would otherwise be lost. The exporter logs failed exports itself. */
function diagnoseTo(logger: Logger): void {
  setGlobalErrorHandler(() => undefined);
  let next = 0;
  const ignore = (): void => undefined;
  const warn = (...words: unknown[]): void => {
    if (performance.now() < next) return;
    next = performance.now() + DIAGNOSTIC_INTERVAL_MS;
    const detail = words
      .filter((word) => typeof word === 'string')
      .join(' ')
      .slice(0, MAX_DIAGNOSTIC);
    logger.warn('OpenTelemetry warns', { detail });
  };
  diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}
