import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lineReader } from '../../../src/adapters/ndjson/read-lines.ts';
import { splitLines } from '../../../src/adapters/ndjson/split-lines.ts';
import type { NewMessage } from '../../../src/domain/update.ts';

const PLAIN = { message_id: 'm1', from: '+1', to: '+2', ts: '2025-01-15T10:00:00Z', text: 'a secret text' };
const payload = (id: string): string => JSON.stringify({ kind: 'payload', id, media_type: 'a/b', body: 'AAAA' });
const using = (id: string): string => JSON.stringify({ ...PLAIN, payload: id });

async function split(chunks: readonly Uint8Array[], maxBytes: number): Promise<string[]> {
  // eslint-disable-next-line @typescript-eslint/require-await
  const stream = async function* (): AsyncGenerator<Uint8Array> {
    yield* chunks;
  };
  const lines: string[] = [];
  for await (const line of splitLines(stream(), maxBytes)) lines.push(line);
  return lines;
}

describe('splitLines', () => {
  it('gives the same lines however the bytes are cut', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ü', '😀', '\n', '\r', '\uFEFF') });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(100)), async (whole, cuts) => {
        const bytes = Buffer.from(whole);
        const ends = [...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
        const chunks = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
        const expected = whole.replace(/^\uFEFF/, '').split('\n');
        if (expected.at(-1) === '' && whole !== '\uFEFF') expected.pop();
        expect(await split(chunks, 1_000)).toEqual(expected);
      }),
    );
  });

  it('holds no line that is longer than it may be, and none that is not UTF-8', async () => {
    expect(await split([Buffer.from('1234\n123')], 4)).toEqual(['1234', '123']);
    await expect(split([Buffer.from('123'), Buffer.from('45')], 4)).rejects.toThrow('longer than 4 bytes');
    await expect(split([Buffer.of(0xc3, 0x28)], 4)).rejects.toThrow('not UTF-8');
  });
});

describe('the beginning of a file', () => {
  it('may be a byte order mark of UTF-8', async () => {
    expect(await split([Buffer.of(0xef), Buffer.of(0xbb, 0xbf), Buffer.from('{}\n\uFEFF')], 9)).toEqual([
      '{}',
      '\uFEFF',
    ]);
  });

  it.each([
    ['UTF-16', Buffer.from('\uFEFF{"a":1}\n', 'utf16le')],
    ['UTF-16', Buffer.from('\uFEFF{"a":1}\n', 'utf16le').swap16()],
    ['UTF-16', Buffer.from('{"a":1}\n', 'utf16le')],
    ['UTF-16', Buffer.from('{"a":1}\n', 'utf16le').swap16()],
    ['compressed', gzipSync('{"a":1}\n')],
  ])('says that it is %s', async (format, bytes) => {
    await expect(split([bytes], 1_000)).rejects.toThrow(`the file is ${format}`);
  });
});

describe('lineReader', () => {
  it('takes plain messages of other origins', () => {
    expect(lineReader().read(JSON.stringify({ ...PLAIN, anything: 'else' }))).toEqual([
      {
        ...{ provider: 'webhook', messageId: 'm1', from: '+1', to: '+2', sentAt: 1_736_935_200_000_000n },
        ...{ type: 'text', text: 'a secret text' },
      },
    ]);
  });

  it('lets bodies of their own lines hold until others come, so that few are in memory', () => {
    const reader = lineReader();
    for (const line of [payload('1'), payload('2')]) expect(reader.read(line)).toEqual([]);
    for (const id of ['1', '2', '1']) expect(reader.read(using(id))).toMatchObject([{ payload: { mediaType: 'a/b' } }]);
    reader.read(payload('3'));
    expect(() => reader.read(using('1'))).toThrow('payload names no line before it');
    expect(reader.read(using('3'))).toHaveLength(1);
  });

  it('takes what a webhook may bring: a body of 64 MiB, and a Content-Type as long as headers are', () => {
    const mediaType = `application/json${' '.repeat(16_000)}; charset=utf-8`;
    const body = Buffer.alloc(64 * 2 ** 20, 'a');
    const line = JSON.stringify({ ...PLAIN, payload: { media_type: mediaType, body: body.toString('base64') } });
    const { payload: read } = lineReader().read(line)[0] as NewMessage;
    expect(read?.mediaType).toBe(mediaType);
    expect(body.equals(read?.body ?? Buffer.of())).toBe(true);
  });

  it.each(['A', 'AA', 'AAA', 'AAAAA', 'A===', 'AA=A', '=AAA', 'AA==AAAA', 'AA-_', 'AAA\n'])(
    'does not take %j for base64',
    (body) => {
      const line = JSON.stringify({ ...PLAIN, payload: { media_type: 'a/b', body } });
      expect(() => lineReader().read(line)).toThrow('body is not base64');
    },
  );

  it.each<[string, string]>([
    ['{"message_id":', 'it is not JSON'],
    ['[]', 'the line is not a JSON object'],
    [JSON.stringify({ ...PLAIN, message_id: undefined }), 'message_id is missing'],
    [JSON.stringify({ ...PLAIN, message_id: 'a\nb' }), 'messageId is not a message id'],
    [JSON.stringify({ ...PLAIN, from: '12345678901' }), 'from is not a phone number'],
    [JSON.stringify({ ...PLAIN, ts: '2025-02-30T10:00:00Z' }), 'ts is not an RFC 3339 date-time'],
    [JSON.stringify({ ...PLAIN, text: 5 }), 'text is not text'],
    [JSON.stringify({ ...PLAIN, text: 'a\0b' }), 'text is too long or not storable'],
    [JSON.stringify({ ...PLAIN, provider: 'Not One' }), 'not the name of a provider'],
    [JSON.stringify({ ...PLAIN, trace_id: 'xyz' }), 'trace_id is not the id of a trace'],
    [JSON.stringify({ ...PLAIN, payload: { media_type: 'a/b', body: 'a secret text' } }), 'body is not base64'],
    [JSON.stringify({ ...PLAIN, payload: { media_type: 'a/b\r\nX: y', body: '' } }), 'media_type is not one'],
    [JSON.stringify({ ...PLAIN, status: { state: '', at: PLAIN.ts } }), 'state is not the state of a message'],
    ['{"kind":"status","message_id":"m1","state":"read"}', 'at is missing'],
    ['{"kind":"future"}', 'kind is unknown to this version'],
    ['{"kind":"export","version":2}', 'a newer version wrote it'],
  ])('refuses %s, and repeats no value', (line, reason) => {
    expect(() => lineReader().read(line)).toThrow(reason);
    expect(() => lineReader().read(line)).not.toThrow(/secret|12345678901/);
  });
});
