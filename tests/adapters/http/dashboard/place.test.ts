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
const place = fc.record({
  ...{ q: text, from: text, since: text, until: text, message: text, provider: text, end: text },
  bucket: fc.constantFrom(...BUCKETS),
});

describe('the address of what the page shows', () => {
  it('says all of it', () => {
    fc.assert(
      fc.property(place, (one) => {
        expect(readPlace(writePlace(one))).toEqual(one);
      }),
    );
  });

  it('is bare when there is nothing to say', () => {
    expect(writePlace(readPlace(''))).toBe('');
  });

  it('is read whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (search) => {
        const { bucket, ...texts } = readPlace(search);
        expect(BUCKETS).toContain(bucket);
        expect(Object.values(texts).every((value) => typeof value === 'string')).toBe(true);
      }),
    );
    expect(readPlace('?bucket=year&q=a&q=b&other=1')).toMatchObject({ bucket: 'hour', q: 'a' });
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
