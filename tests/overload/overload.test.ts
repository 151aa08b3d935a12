import { describe, expect, it } from '@jest/globals';
import { byLength } from '../support/length.ts';
import { overload, SCENARIOS } from './overload.ts';

/** The short form of `npm run overload`. It does not judge speed, because the machine may be shared. */
describe('ten times the load that the service can accept', () => {
  it.each(SCENARIOS)(
    'in $name: some are stored, the rest is refused as the contract says, and nothing acknowledged is lost',
    async (scenario) => {
      const report = await overload(scenario, {
        seconds: byLength({ short: 2, long: 8 }),
        signal: new AbortController().signal,
      });
      const { moderate, overload: over } = report;
      expect([...moderate.faults, ...over.faults]).toEqual([]);
      expect(moderate.acknowledged.length).toBeGreaterThan(0);
      expect(over.acknowledged.length).toBeGreaterThan(0);
      expect(over.shedMs.length).toBeGreaterThan(0);
      expect([...report.readiness.keys()]).toEqual([200]);
      expect(report).toMatchObject({ lost: 0, doubled: 0 });
      // Not a figure, but far from what all that was sent would take.
      expect(report.memory.peak).toBeLessThan(512);
    },
  );
});
