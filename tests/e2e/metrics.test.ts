import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';

const OPEN_METRICS = { accept: 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5' };
let service: RunningService;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.stop());

/** The value of one series; undefined if there is no such series. */
async function series(name: string): Promise<number | undefined> {
  const { body } = await service.fetch('/metrics');
  const line = body.split('\n').find((text) => text.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

async function increase(name: string, work: () => Promise<unknown>): Promise<number> {
  const before = (await series(name)) ?? 0;
  await work();
  return ((await series(name)) ?? 0) - before;
}

describe('GET /metrics', () => {
  it.each([
    ['created', () => service.webhook({ ...MESSAGE, message_id: 'counted' })],
    ['invalid_signature', () => service.webhook(MESSAGE, { 'x-signature': 'wrong' })],
    ['validation_error', () => service.webhook({})],
    ['unsupported_media_type', () => service.webhook(MESSAGE, { 'content-type': 'text/plain' })],
    ['content_too_large', () => service.webhook('x'.repeat(3_145_729))],
  ])('counts a webhook that is %s', async (result, work) => {
    expect(await increase(`webhook_requests_total{result="${result}"}`, work)).toBe(1);
  });

  it('counts webhooks for a provider without a secret separately, because any stranger can cause them', async () => {
    const outcome = (result: string): string => `webhook_requests_total{result="${result}"}`;
    const before = await series(outcome('unavailable'));
    const send = () => service.fetch('/webhooks/whatsapp', { method: 'POST', body: '{}' });
    expect(await increase(outcome('no_secret_configured'), send)).toBe(1);
    expect(await series(outcome('unavailable'))).toBe(before);
  });

  it('reports the duration of webhooks by outcome', async () => {
    const count = 'webhook_request_duration_seconds_count{result="created"}';
    const work = () => service.webhook({ ...MESSAGE, message_id: 'timed' });
    expect(await increase(count, work)).toBe(1);
    expect(await increase(count, () => service.webhook(MESSAGE, { 'x-signature': 'wrong' }))).toBe(0);
  });

  it('counts duplicates and conflicts', async () => {
    const message = { ...MESSAGE, message_id: 'twice' };
    await service.webhook(message);
    const total = (result: string): string => `webhook_requests_total{result="${result}"}`;
    expect(await increase(total('duplicate'), () => service.webhook(message))).toBe(1);
    expect(await increase(total('conflict'), () => service.webhook({ ...message, text: null }))).toBe(1);
  });

  it.each([
    ['GET', '/messages/{message_id}', '404', () => service.fetch('/messages/unknown')],
    ['HEAD', '/stats', '200', () => service.fetch('/stats', { method: 'HEAD' })],
    ['GET', 'unmatched', '404', () => service.fetch('/some/where')],
    ['other', 'unmatched', '404', () => service.stream({ method: 'PROPFIND', path: '/some/where' })],
  ])('counts %s %s %s by the template of its path', async (method, path, status, work) => {
    const labels = `method="${method}",path="${path}"`;
    expect(await increase(`http_requests_total{${labels},status="${status}"}`, work)).toBe(1);
    expect(await increase(`http_request_duration_seconds_count{${labels}}`, work)).toBe(1);
  });

  it('does not grow with the requests of strangers', async () => {
    const odd = ['PROPFIND', 'PURGE', 'REPORT', 'MKCOL', 'SEARCH', 'LOCK'];
    const ask = async (n: number): Promise<void> => {
      await service.fetch(`/${String(n)}/messages?${String(n)}`);
      await service.fetch(`/messages/${String(n)}`);
      await service.stream({ path: '/messages', method: odd[n % odd.length] ?? '' });
      await service.webhook({ ...MESSAGE, message_id: String(n), from: `+${String(n)}` });
    };
    await ask(0);
    // Node's own series of open timers and sockets come and go, and each kind of garbage
    // collection has series from its first occurrence on.
    const count = async (): Promise<number> =>
      (await service.fetch('/metrics')).body.split('\n').filter((line) => !/^nodejs_(active|gc)_/.test(line)).length;
    const before = await count();
    for (let n = 1; n <= 20; n++) await ask(n);
    expect(await count()).toBe(before);
  });

  it('has the stored messages, the commits and the lag', async () => {
    const stored = await increase('stored_messages', () => service.webhook({ ...MESSAGE, message_id: 'stored' }));
    expect(stored).toBe(1);
    const commits = await increase('commit_batch_messages_count', () =>
      service.webhook({ ...MESSAGE, message_id: 'commit' }),
    );
    expect(commits).toBe(1);
    const duplicate = (): Promise<unknown> => service.webhook({ ...MESSAGE, message_id: 'commit' });
    expect(await increase('stored_messages', duplicate)).toBe(0);
    expect(await increase('webhook_ingest_lag_seconds_count', duplicate)).toBe(0);
    expect(await series('commit_queue_messages')).toBe(0);
    expect(await series('commit_queue_limit_messages')).toBe(10_000);
  });

  it('has the size of the database, and whether the service is ready', async () => {
    expect(await series('database_size_bytes')).toBeGreaterThan(10_000);
    for (const check of ['database', 'schema', 'webhook_secret']) {
      expect([check, await series(`readiness_check_passed{check="${check}"}`)]).toEqual([check, 1]);
    }
  });

  it('is OpenMetrics for clients that accept it', async () => {
    const { headers, body } = await service.fetch('/metrics', { headers: OPEN_METRICS });
    expect(headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(body).toMatch(/\n# EOF\n$/);
    const plain = await service.fetch('/metrics', { headers: { accept: 'text/plain' } });
    expect(plain.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(plain.body).not.toContain('# EOF');
  });
});
