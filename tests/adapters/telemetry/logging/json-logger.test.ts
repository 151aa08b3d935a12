import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Logger } from '../../../../src/application/ports/telemetry.ts';
import { jsonLogger } from '../../../../src/adapters/telemetry/logging/json-logger.ts';
import { characters } from '../../../support/arbitraries.ts';

function logged(level: string, log: (logger: Logger) => void): string {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  log(jsonLogger(level, stream));
  return Buffer.concat(chunks).toString();
}

const one = (log: (logger: Logger) => void): Record<string, unknown> => {
  const text = logged('debug', log);
  expect(text).toMatch(/^[^\n]+\n$/);
  return JSON.parse(text) as Record<string, unknown>;
};

describe('a line', () => {
  it('is one JSON object that begins with the time and the level', () => {
    const record = one((logger) => {
      logger.info('a message', { request_id: 'id', status: 200, nested: { list: [1, null] } });
    });
    expect(Object.keys(record).slice(0, 3)).toEqual(['ts', 'level', 'message']);
    expect(record).toEqual({
      ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: 'INFO',
      message: 'a message',
      request_id: 'id',
      status: 200,
      nested: { list: [1, null] },
    });
    expect(Math.abs(Date.parse(String(record['ts'])) - Date.now())).toBeLessThan(60_000);
  });

  it.each([
    ['debug', 'DEBUG'],
    ['info', 'INFO'],
    ['warn', 'WARNING'],
    ['error', 'ERROR'],
  ] as const)('of %s has the level %s', (method, level) => {
    const record = one((logger) => {
      logger[method]('x');
    });
    expect(record).toMatchObject({ level, message: 'x' });
  });

  it('contains any text unchanged: no line breaks, no placeholders', () => {
    const names = fc
      .string({ minLength: 1 })
      .filter((name) => !['ts', 'level', 'message', 'timestamp', '__proto__'].includes(name));
    fc.assert(
      fc.property(fc.string({ unit: characters }), names, fc.string({ unit: characters }), (message, name, value) => {
        const record = one((logger) => {
          logger.info(message, { [name]: value });
        });
        expect(record).toMatchObject({ message, level: 'INFO' });
        expect(record[name]).toBe(value);
      }),
      { examples: [['%s %d %j', 'a', '\n{"level":"ERROR"}\r\u2028']] },
    );
  });

  it('contains only visible characters, for readers and terminals', () => {
    const hidden = '\u0085\u2028\u2029\u009B31m\u001B[2J\u202E\uFEFF\u{E0001}';
    const text = logged('info', (logger) => {
      logger.info('x', { [hidden]: hidden });
    });
    expect(text).toMatch(/^[ -~]+\n$/);
    expect(JSON.parse(text)).toMatchObject({ [hidden]: hidden });
  });

  it('omits undefined values', () => {
    const record = one((logger) => {
      logger.warn('x', { gone: undefined });
    });
    expect(record).not.toHaveProperty('gone');
  });
});

describe('the level', () => {
  it.each([
    ['debug', ['DEBUG', 'INFO', 'WARNING', 'ERROR']],
    ['info', ['INFO', 'WARNING', 'ERROR']],
    ['warn', ['WARNING', 'ERROR']],
    ['error', ['ERROR']],
  ])('%s shows %j', (level, shown) => {
    const text = logged(level, (logger) => {
      for (const method of ['debug', 'info', 'warn', 'error'] as const) logger[method]('x');
    });
    expect(Array.from(text.matchAll(/"level":"(\w+)"/g), ([, word]) => word)).toEqual(shown);
  });
});
