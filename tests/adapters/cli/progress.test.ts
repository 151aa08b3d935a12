import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { barLine } from '../../../src/adapters/cli/progress.ts';
import { isDumbTerminal } from '../../../src/infrastructure/config/config.ts';

const half = { phase: 'copying', share: 0.5, value: 500, total: 1_000, eta: 75 };

describe('a progress bar', () => {
  it.each([
    [120, `copying   [${'='.repeat(20)}${'-'.repeat(20)}] 50% | 500/1000 | 1m15s left`],
    [60, `copying   [${'='.repeat(10)}${'-'.repeat(9)}] 50% | 500/1000 | 1m15s left`],
    [40, 'copying 50% | 500/1000 | 1m15s left'],
    [20, 'copying 50% | 500/1'],
  ])('fits into %i columns', (columns, line) => {
    expect(barLine(half, columns)).toBe(line);
  });

  it.each([
    ['not known yet', { eta: 'NULL' }, '50% | 500/1000'],
    ['without end', { eta: 'INF' }, '50% | 500/1000'],
    ['known', { eta: 3_725 }, '50% | 500/1000 | 1h02m left'],
  ])('shows the time left only as a time: %s', (_what, changed, end) => {
    expect(barLine({ ...half, ...changed }, 120)).toMatch(new RegExp(`\\] ${end.replaceAll('|', '\\|')}$`));
  });

  it('shows no share of a total that is unknown', () => {
    expect(barLine({ ...half, share: null }, 80)).toBe('copying   500');
  });

  it('never reaches the last column, whatever it shows', () => {
    const state = fc.record({
      phase: fc.constantFrom('copying', 'compacting'),
      share: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      value: fc.nat(),
      total: fc.nat(),
      eta: fc.oneof(fc.nat(), fc.constantFrom('NULL', 'INF')),
    });
    fc.assert(
      fc.property(state, fc.integer({ min: 1, max: 200 }), (one, columns) => {
        expect(barLine(one, columns).length).toBeLessThan(columns);
      }),
    );
  });
});

describe('isDumbTerminal', () => {
  it.each([
    ['dumb', true],
    [undefined, true],
    ['', true],
    ['xterm-256color', false],
    ['linux', false],
  ])('TERM=%s: %s', (TERM, dumb) => {
    expect(isDumbTerminal(TERM === undefined ? {} : { TERM })).toBe(dumb);
  });
});
