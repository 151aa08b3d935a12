import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';

let service: RunningService;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.stop());

describe('GET /stats', () => {
  it('counts the stored messages', async () => {
    const own = await startService();
    const empty = await own.read('/stats');
    expect(empty.json()).toEqual({
      total_messages: 0,
      senders_count: 0,
      messages_per_sender: [],
      first_message_ts: null,
      last_message_ts: null,
    });

    const senders = Array.from({ length: 12 }, (_sender, i) => `+100000000${String(i).padStart(2, '0')}`);
    for (const [i, from] of senders.entries()) {
      for (let n = 0; n <= Math.floor(i / 2); n++) {
        const ts = `2025-01-${String(i + 1).padStart(2, '0')}T10:00:00.${String(n + 1)}+01:00`;
        await own.webhook({ ...MESSAGE, message_id: `m ${String(i)} ${String(n)}`, from, ts });
      }
    }
    const filled = await own.read('/stats');
    expect(filled.json()).toEqual({
      total_messages: 42,
      senders_count: 12,
      messages_per_sender: [10, 11, 8, 9, 6, 7, 4, 5, 2, 3].map((i) => ({
        from: senders[i],
        count: Math.floor(i / 2) + 1,
      })),
      first_message_ts: '2025-01-01T09:00:00.1Z',
      last_message_ts: '2025-01-12T09:00:00.6Z',
    });
    expect(filled.headers.get('etag')).not.toBe(empty.headers.get('etag'));
    await own.stop();
  });

  it('answers 304 until a message is stored', async () => {
    const etag = (await service.read('/stats')).headers.get('etag') ?? '';
    const asked = async (value: string): Promise<number> =>
      (await service.read('/stats', { 'if-none-match': value })).status;

    expect(etag).toMatch(/^"[\w-]+"$/);
    expect(await asked(etag)).toBe(304);
    expect(await asked(`W/${etag}`)).toBe(304);
    expect(await asked(`"other", ${etag}`)).toBe(304);
    expect(await asked('*')).toBe(304);
    expect(await asked('"other"')).toBe(200);
    expect((await service.read('/stats', { 'if-none-match': etag })).headers.get('etag')).toBe(etag);

    const fresh = { ...MESSAGE, message_id: `fresh ${etag}` };
    await service.webhook(fresh);
    const changed = await service.read('/stats', { 'if-none-match': etag });
    expect(changed.status).toBe(200);

    const changedTag = changed.headers.get('etag') ?? '';
    await service.webhook(fresh);
    await service.webhook({ ...fresh, text: 'a conflict' });
    expect(await asked(changedTag)).toBe(304);
  });

  it('ignores an ETag over the limit', async () => {
    const answer = await service.fetch('/stats', { headers: { 'if-none-match': `"${'a'.repeat(1_023)}"` } });
    expect([answer.status, answer.json()]).toEqual([
      422,
      expect.objectContaining({ errors: [expect.objectContaining({ type: 'string_too_long' })] }),
    ]);
  });
});
