import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Metrics } from '../../../application/ports/telemetry.ts';
import type { Provider } from '../../../domain/provider.ts';
import { commitMetrics } from './store-metrics.ts';
import { httpMetrics, type HttpLimits } from './http-metrics.ts';
import { registerStoreGauges, type StoreQuestions } from './store-gauges.ts';
import { webhookMetrics } from './webhook-metrics.ts';

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Gauges with names that promtool expects of counters. A similar metric by type has more detail. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Reveals the version, and with it known vulnerabilities, to every client that may read metrics. */
const TELLTALE = ['nodejs_version_info'];

export interface PrometheusOptions extends StoreQuestions, HttpLimits {
  /** Those that have a secret. */
  readonly providers: readonly Provider[];
  readonly maxQueuedMessages: number;
}

export interface PrometheusMetrics extends Metrics {
  /** Writes all series as text: as OpenMetrics if the Accept header asks for it, else in the Prometheus format. */
  readonly exposition: (accept: string | undefined) => Promise<{ contentType: string; body: string }>;
}

/** Metrics for Prometheus. */
export function prometheusMetrics(options: PrometheusOptions): PrometheusMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of [...MISNAMED, ...TELLTALE]) registry.removeSingleMetric(name);

  const metrics = {
    ...httpMetrics(registry, options),
    ...webhookMetrics(registry, options.providers),
    ...commitMetrics(registry, options.maxQueuedMessages),
  };
  registerStoreGauges(registry, options);
  return {
    ...metrics,
    async exposition(accept) {
      const plain = await registry.metrics();
      return accept?.includes('application/openmetrics-text')
        ? { contentType: OPEN_METRICS, body: openMetrics(plain) }
        : { contentType: registry.contentType, body: plain };
    },
  };
}

/**
 * Returns the same series in OpenMetrics, where the name of a counter's family lacks the `_total` of its samples.
 * prom-client would rename the counters themselves, so the plain format would lose its suffixes afterwards.
 */
function openMetrics(plain: string): string {
  const families = plain.replace(/^# (HELP|TYPE) (\S+)_total /gm, '# $1 $2 ');
  // The plain format allows empty lines; in OpenMetrics, Prometheus rejects the whole scrape because of one.
  return `${families.replace(/\n+/g, '\n').trimEnd()}\n# EOF\n`;
}
