import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { jsonLine, wordsOf } from '../../../src/adapters/cli/run-command.ts';
import { freePort } from '../../support/free-port.ts';

describe('wordsOf', () => {
  it('has the end of a long statement that a database rejected', () => {
    const statement = `select 1 where id in (${'?, '.repeat(1_000)}?) - `;
    const words = wordsOf(Object.assign(new Error(`${statement}disk I/O error`), { code: 'SQLITE_IOERR' }));
    expect(words).toMatch(/^….* - disk I\/O error$/);
    expect(words.length).toBeLessThan(600);
  });

  it('has the whole message of any other error', () => {
    const faults = 'a setting is not valid\n'.repeat(100);
    expect(wordsOf(new Error(faults))).toBe(faults);
    expect(wordsOf('thrown')).toBe('thrown');
  });

  it.each([
    ['an address', [{ address: '127.0.0.1', family: 4 }]],
    // Like localhost on many machines: for several addresses Node throws an error without a message.
    [
      'a name of several addresses',
      [
        { address: '127.0.0.1', family: 4 },
        { address: '127.0.0.2', family: 4 },
      ],
    ],
  ])('asks whether a database is running at %s if nothing listens there', async (_, addresses) => {
    const port = await freePort();
    const socket = connect({
      host: 'database.test',
      port,
      lookup: (_name, _options, found) => {
        found(null, addresses);
      },
    });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(wordsOf(error)).toBe(
      `no database answers: connect ECONNREFUSED 127.0.0.1:${String(port)} (does it run, and is its address right?)`,
    );
  });
});

describe('jsonLine', () => {
  it('converts all names to snake_case at any depth, and leaves foreign names and values unchanged', () => {
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
