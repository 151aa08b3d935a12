/**
 * Tests of chance and of load run in a short form with all others, and in a long one by `npm run test:system`: the same
 * assertions over more rounds, requests and seconds.
 */
export function byLength<T>(length: { readonly short: T; readonly long: T }): T {
  return process.env['TEST_LENGTH'] === 'long' ? length.long : length.short;
}
