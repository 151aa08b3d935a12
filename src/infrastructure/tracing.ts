import { randomUUID } from 'node:crypto';
import { NO_TRACING } from '../adapters/telemetry/tracing/no-tracing.ts';
import type { Tracing } from '../adapters/telemetry/tracing/otlp-tracing.ts';
import type { Logger } from '../application/ports/telemetry.ts';
import type { Config } from './config/config.ts';
import { packageInfo } from './package-info.ts';

const DISABLED: Tracing = { tracer: NO_TRACING, close: () => Promise.resolve() };

/** Opens tracing as configured. Loads OpenTelemetry only if a collector is configured. */
export async function openTracing(config: Config, logger: Logger): Promise<Tracing> {
  const { otlpEndpoint, otlpTracesEndpoint, otelResourceAttributes, otelServiceName } = config;
  const endpoint = otlpTracesEndpoint ?? (otlpEndpoint === undefined ? undefined : `${otlpEndpoint}/v1/traces`);
  if (endpoint === undefined || config.otelSdkDisabled) return DISABLED;
  const { otlpTracing } = await import('../adapters/telemetry/tracing/otlp-tracing.ts');
  logger.info('traces are on', { collector: new URL(endpoint).host, sampler: config.otelTracesSampler });
  return otlpTracing(
    {
      endpoint,
      headers: config.otlpHeaders,
      timeoutMs: config.otlpTimeoutMs,
      sampler: config.otelTracesSampler,
      ratio: config.otelTracesSamplerArg,
      resource: {
        'service.name': packageInfo.name,
        'service.version': packageInfo.version,
        'service.instance.id': randomUUID(),
        ...otelResourceAttributes,
        ...(otelServiceName !== undefined && { 'service.name': otelServiceName }),
      },
    },
    logger,
  );
}
