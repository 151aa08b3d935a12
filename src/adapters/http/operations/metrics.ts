import type { Operations } from './exchange.ts';

/** Writes all series as text: as OpenMetrics if the Accept header asks for it, else in the Prometheus format. */
export type Exposition = (accept: string | undefined) => Promise<{ contentType: string; body: string }>;

/** The operation that Prometheus scrapes. */
export function metricsOperations(exposition: Exposition): Pick<Operations, 'getMetrics'> {
  return {
    async getMetrics(_request, { accept }) {
      const { contentType, body } = await exposition(accept);
      const type = contentType.startsWith('application/openmetrics-text')
        ? 'application/openmetrics-text'
        : 'text/plain';
      return { status: 200, headers: { 'Content-Type': contentType }, type, body };
    },
  };
}
