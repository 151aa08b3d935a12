import type { CheckReadiness, Readiness } from '../../../application/readiness/check-readiness.ts';
import type { Schemas } from '../contract/types.ts';
import type { Operations } from './exchange.ts';

/** The operations that orchestrators and load balancers poll. */
export function healthOperations(checkReadiness: CheckReadiness): Pick<Operations, 'getLiveness' | 'getReadiness'> {
  return {
    getLiveness: () => Promise.resolve({ status: 200, type: 'application/json', body: { status: 'alive' } }),

    async getReadiness() {
      const readiness = await checkReadiness.execute();
      const body = readinessToDto(readiness);
      return readiness.status === 'ready'
        ? { status: 200, type: 'application/json', body }
        : { status: 503, headers: { 'Retry-After': 1 }, type: 'application/json', body };
    },
  };
}

function readinessToDto(readiness: Readiness): Schemas['Readiness'] {
  const { status, database, schema, webhookSecret, providers, failingSteps } = readiness;
  return {
    status,
    checks: { database, schema, webhook_secret: webhookSecret },
    providers: [...providers],
    ...(failingSteps.length > 0 && { failing_steps: [...failingSteps] }),
  };
}
