import { describe, expect, it } from '@jest/globals';
import { BackgroundHealth } from '../../../src/application/readiness/background-health.ts';
import { recordingLogger, recordingMetrics } from '../../support/fakes.ts';

function watching() {
  const [logger, metrics] = [recordingLogger(), recordingMetrics()];
  return { logger, metrics, health: new BackgroundHealth({ logger, metrics }, ['search_index', 'counters']) };
}

describe('BackgroundHealth', () => {
  it('shows every step as working from the start', () => {
    const { health, metrics, logger } = watching();
    health.succeeded('counters');
    expect(health.failing()).toEqual([]);
    expect(metrics.backgroundSteps).toEqual([
      { step: 'search_index', failing: false },
      { step: 'counters', failing: false },
    ]);
    expect(logger.lines).toEqual([]);
  });

  it('logs a failure and the recovery once each, not each retry', () => {
    const { health, metrics, logger } = watching();
    for (let run = 0; run < 20; run++) {
      health.failed('search_index', new Error(`page ${String(run)} is damaged`));
      health.succeeded('counters');
    }
    expect(health.failing()).toEqual(['search_index']);
    health.succeeded('search_index');
    health.succeeded('search_index');
    expect(health.failing()).toEqual([]);
    expect(logger.lines).toEqual([
      {
        level: 'error',
        message: 'a background step fails',
        fields: { step: 'search_index', reason: 'page 0 is damaged' },
      },
      { level: 'info', message: 'a background step works again', fields: { step: 'search_index', failed_runs: 20 } },
    ]);
    expect(metrics.backgroundSteps.slice(2)).toEqual([
      { step: 'search_index', failing: true },
      { step: 'search_index', failing: false },
    ]);
  });

  it('logs a failure again if its reason changes, five reasons at most', () => {
    const { health, logger } = watching();
    for (let run = 0; run < 20; run++) health.failed('counters', `reason ${'x'.repeat(run)}`);
    expect(logger.lines.map(({ fields }) => fields['reason'])).toHaveLength(5);
  });
});
