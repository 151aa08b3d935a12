import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { messagePath } from '../../../../src/adapters/http/browser/dashboard/api.js';
import { messageIds } from '../../../support/arbitraries.ts';

it('a message has a path of its own for any id, which is never that of the stream', () => {
  fc.assert(
    fc.property(fc.oneof(messageIds, fc.constant('stream')), (id) => {
      const path = messagePath(id);
      expect(path).toMatch(/^\/messages\/[^/?#]+$/);
      expect(decodeURIComponent(path.slice('/messages/'.length))).toBe(id);
      expect(path).not.toBe('/messages/stream');
    }),
  );
});
