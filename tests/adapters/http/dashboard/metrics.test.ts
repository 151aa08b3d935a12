import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseOutcomes } from '../../../../src/adapters/http/browser/dashboard/metrics.js';

/** A label value in the text format. */
const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');

describe('outcomes from the metrics', () => {
  it('are those of the counter, for any names of results and any surrounding metrics', () => {
    const outcome = fc.record({ result: fc.string(), count: fc.nat() });
    fc.assert(
      fc.property(
        fc.uniqueArray(outcome, { selector: ({ result }) => result }),
        fc.nat(2_000_000_000),
        (outcomes, start) => {
          const text = [
            '# HELP webhook_requests_total Webhook requests by what became of them.',
            '# TYPE webhook_requests_total counter',
            'webhook_requests_total_of_another{result="created"} 17',
            `process_start_time_seconds ${String(start)}`,
            ...outcomes.map(
              ({ result, count }) => `webhook_requests_total{other="}",result="${escaped(result)}"} ${String(count)}`,
            ),
            'http_requests_total{method="GET",path="/",status="200"} 5',
            '',
          ].join('\n');
          const sorted = [...outcomes].sort((a, b) => b.count - a.count);
          expect(parseOutcomes(text)).toEqual({ startedAt: new Date(start * 1_000), outcomes: sorted });
        },
      ),
    );
  });

  it('are empty if there is nothing to read', () => {
    expect(parseOutcomes('')).toEqual({ startedAt: null, outcomes: [] });
  });
});
