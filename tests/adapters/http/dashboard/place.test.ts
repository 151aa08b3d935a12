import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  BUCKETS,
  filtersOf,
  isFiltered,
  readPlace,
  writePlace,
} from '../../../../src/adapters/http/browser/dashboard/place.js';

const text = fc.string({ unit: 'grapheme' });
const instant = fc
  .date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const place = fc.record({
  ...{ q: text, from: text, since: text, until: text, message: text, provider: text },
  end: fc.oneof(fc.constant(''), instant),
  bucket: fc.constantFrom(...BUCKETS),
});

describe('the address of the page', () => {
  it('contains everything that the page shows', () => {
    fc.assert(
      fc.property(place, (one) => {
        expect(readPlace(writePlace(one))).toEqual(one);
      }),
    );
  });

  it('has no query when everything has its default', () => {
    expect(writePlace(readPlace(''))).toBe('');
  });

  it('is parsed whatever it contains', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (search) => {
        const { bucket, ...texts } = readPlace(search);
        expect(BUCKETS).toContain(bucket);
        expect(Object.values(texts).every((value) => typeof value === 'string')).toBe(true);
      }),
    );
    expect(readPlace('?bucket=year&q=a&q=b&other=1')).toMatchObject({ bucket: 'hour', q: 'a' });
  });

  it('ignores an end of the chart that is not an instant, or to which no time can be added', () => {
    for (const end of ['soon', '2025-13-01T00:00:00Z', '+275760-09-13T00:00:00Z', '-271821-04-20T00:00:00Z']) {
      expect(readPlace(`?${new URLSearchParams({ end }).toString()}`).end).toBe('');
    }
  });

  it('filters by text, sender and time, and by nothing else', () => {
    fc.assert(
      fc.property(place, (one) => {
        const { q, from, since, until } = one;
        expect(filtersOf(one)).toEqual({ q, from, since, until });
        expect(isFiltered(one)).toBe(q + from + since + until !== '');
      }),
    );
  });
});
