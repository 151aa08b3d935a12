import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { visibleRows } from '../../../../src/adapters/http/browser/dashboard/window.js';

describe('the rows in the document', () => {
  it('are those in sight and a few more, however long the list is', () => {
    const px = fc.integer({ min: -40_000_000, max: 40_000_000 });
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 8, max: 200 }), px, fc.nat(4_000), (count, row, top, height) => {
        const { first, end } = visibleRows(count, row, top, height);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThanOrEqual(count);
        expect(end - first).toBeLessThanOrEqual(height / row + 30);
        const isSeen = (i: number): boolean => top + (i + 1) * row > 0 && top + i * row < height;
        expect(end - first).toBeGreaterThanOrEqual(Math.min(count, 24));
        for (const i of [first - 1, end]) if (i >= 0 && i < count) expect(isSeen(i)).toBe(false);
      }),
    );
  });
});
