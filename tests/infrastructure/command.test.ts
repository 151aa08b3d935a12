import { describe, expect, it } from '@jest/globals';
import { jsonLine, wordsOf } from '../../src/infrastructure/command.ts';

describe('wordsOf', () => {
  it('has the end of a long statement that a database refused', () => {
    const statement = `select 1 where id in (${'?, '.repeat(1_000)}?) - `;
    const words = wordsOf(Object.assign(new Error(`${statement}disk I/O error`), { code: 'SQLITE_IOERR' }));
    expect(words).toMatch(/^….* - disk I\/O error$/);
    expect(words.length).toBeLessThan(600);
  });

  it('has all that is said of anything else', () => {
    const faults = 'a setting is not valid\n'.repeat(100);
    expect(wordsOf(new Error(faults))).toBe(faults);
    expect(wordsOf('thrown')).toBe('thrown');
  });
});

describe('jsonLine', () => {
  it('names all in snake_case, however deep, and leaves names of others and values alone', () => {
    const line = jsonLine({
      ok: true,
      rowsPerSecond: 1,
      list: [{ keptAs: 'aB' }],
      headers: { 'X-Signature': 'aB', 'webhook-id': '1' },
    });
    expect(JSON.parse(line)).toEqual({
      ok: true,
      rows_per_second: 1,
      list: [{ kept_as: 'aB' }],
      headers: { 'X-Signature': 'aB', 'webhook-id': '1' },
    });
    expect(line).not.toContain('\n');
  });
});
