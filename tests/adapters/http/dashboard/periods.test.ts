import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  ceiling,
  endOf,
  instant,
  periodOf,
  stretchTo,
} from '../../../../src/adapters/http/browser/dashboard/periods.js';
import { BUCKETS } from '../../../../src/adapters/http/browser/dashboard/place.js';

const bucket = fc.constantFrom(...BUCKETS);
const at = fc.integer({ min: -60_000_000_000_000, max: 200_000_000_000_000 });

describe('the period of the chart', () => {
  it("ends with the bucket of an instant, and has the service's default number of buckets", () => {
    fc.assert(
      fc.property(bucket, at, (name, ms) => {
        const end = endOf(name, ms);
        const { since, until } = stretchTo(name, end);
        const { ms: length, count } = periodOf(name);
        expect(Date.parse(end) - ms).toBeGreaterThan(0);
        expect(Date.parse(end) - ms).toBeLessThanOrEqual(length);
        expect(Math.abs(Date.parse(end) % length)).toBe(0);
        expect(until).toBe(end);
        expect(Date.parse(String(until)) - Date.parse(String(since))).toBe(length * count);
      }),
    );
  });

  it('is the latest unless a valid instant is requested', () => {
    expect(stretchTo('hour', '')).toEqual({ since: null, until: null });
    expect(stretchTo('hour', 'soon')).toEqual({ since: null, until: null });
  });

  it('is written as the service writes it', () => {
    expect(instant(Date.parse('2025-01-15T10:00:00Z'))).toBe('2025-01-15T10:00:00Z');
    expect(instant(Date.parse('2025-01-15T10:00:00.25Z'))).toBe('2025-01-15T10:00:00.250Z');
  });
});

describe('the end of the axis', () => {
  it('is a round number, equal to the maximum or slightly larger', () => {
    fc.assert(
      fc.property(fc.nat(), (most) => {
        const end = ceiling(most);
        expect(end).toBeGreaterThanOrEqual(most);
        expect(end).toBeLessThanOrEqual(Math.max(4, most * 1.5));
        expect(Number.isInteger(end / 2)).toBe(true);
        expect(String(end)).toMatch(/^\d{1,2}0*$/);
      }),
    );
  });
});
