import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { parseExposition, type Family } from '../adapters/telemetry/metrics/exposition.ts';
import { boardQueries, shippedBoard } from '../support/board.ts';
import { until } from '../support/connection.ts';
import { sign } from '../support/http-client.ts';
import { startPrometheus, type PrometheusServer, type Series } from '../support/prometheus-server.ts';
import { parsePromql } from '../support/promql.ts';
import { observabilityCopy, promtool, shippedRules } from '../support/promtool.ts';
import { describeNeeding } from '../support/requirements.ts';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';
import { whatsAppFixture } from '../support/fixtures.ts';

/** The files that are shipped for Prometheus and Grafana, against a service with traffic of every kind. */

const KEY = 'the-key-of-the-prometheus';
const APP_SECRET = 'the-app-secret-of-the-watched';
const PREVIOUS = 'the-secret-before-this-one';
const authorization = { authorization: `Bearer ${KEY}` };
/** Two scrapes, two evaluations and the rates over them take some seconds, on a busy machine many. */
const PATIENCE_MS = 60_000;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

let service: RunningService;
beforeAll(async () => {
  service = await startService({
    READ_API_KEYS: KEY,
    WEBHOOK_SECRET_PREVIOUS: PREVIOUS,
    WHATSAPP_APP_SECRET: APP_SECRET,
    MAX_QUEUED_MESSAGES: '2',
    MAX_BATCH_MESSAGES: '1',
    MAX_BODY_BYTES: '65536',
    RATE_LIMIT_BAD_SIGNATURES_PER_MINUTE: '3',
  });
  await everything();
});
afterAll(() => service.stop());

let messages = 0;

/** Traffic of every kind, with every outcome. */
async function everything(): Promise<void> {
  const next = () => ({ ...MESSAGE, message_id: `watched ${String(messages++)}`, ts: new Date().toISOString() });
  const whatsApp = (body: string) =>
    service.fetch('/webhooks/whatsapp', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${sign(APP_SECRET, body)}` },
      body,
    });
  const message = next();
  await service.webhook(message);
  await service.webhook(message);
  await service.webhook({ ...message, text: 'other words' });
  await service.webhook({});
  await service.webhook(next(), { 'content-type': 'text/plain' });
  await service.webhook('x'.repeat(65_537));
  for (let i = 0; i < 4; i++) await service.webhook(MESSAGE, { 'x-signature': sign('a wrong secret', 'x') });
  const rotated = JSON.stringify(next());
  await service.webhook(rotated, { 'x-signature': sign(PREVIOUS, rotated) });
  for (const fixture of ['text', 'status', 'other-field']) await whatsApp(whatsAppFixture(fixture));
  await service.fetch('/webhooks/twilio', { method: 'POST', body: 'a=b' });
  // More than may wait; the machine decides how many of them arrive before others are stored.
  for (let statuses: number[] = []; !statuses.includes(503);)
    statuses = await Promise.all(Array.from({ length: 20 }, async () => (await service.webhook(next())).status));
  for (const read of ['/messages?q=hello', '/messages/unknown', '/stats', '/rejections', '/nothing']) {
    await service.fetch(read, { headers: authorization });
  }
  await service.fetch('/health/ready');
  collectGarbage();
}

/** The series of the collector appear with its first run, and a process that has just started may not need one. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

const exposition = async (): Promise<string> => (await service.fetch('/metrics', { headers: authorization })).body;

/** Names of series, with those that histograms derive, and the labels of each. */
function seriesIn(families: readonly Family[]): Map<string, Set<string>> {
  const series = new Map<string, Set<string>>();
  for (const { samples } of families)
    for (const { name, labels } of samples) {
      const known = series.get(name) ?? new Set();
      for (const label of Object.keys(labels)) known.add(label);
      series.set(name, known);
    }
  return series;
}

const expressions = (): { where: string; expr: string }[] => [
  ...shippedRules().map(({ alert, record, expr }) => ({ where: alert ?? record ?? '', expr })),
  ...boardQueries(shippedBoard()),
];
const recorded = new Set(shippedRules().flatMap(({ record }) => record ?? []));

describe('the traffic', () => {
  it('has had every outcome that webhooks are counted by', async () => {
    const families = parseExposition(await exposition());
    const results = families.find(({ name }) => name === 'webhook_requests_total')?.samples ?? [];
    const never = results.filter(({ value }) => value === 0).map(({ labels }) => labels['result']);
    expect(never).toEqual(['internal_error']); // a defect
  });
});

describe('the metrics and labels that rules and board select', () => {
  it('are all exposed by the service', async () => {
    const series = seriesIn(parseExposition(await exposition()));
    const ofPrometheus = new Set(['job', 'instance']);
    for (const { where, expr } of expressions()) {
      const { selectors, grouping } = parsePromql(expr);
      expect([where, selectors.length]).not.toEqual([where, 0]);
      const told = new Set<string>(ofPrometheus);
      for (const { name, labels } of selectors) {
        if (recorded.has(name) || name === 'up' || name === 'ALERTS') continue;
        expect([where, name, series.has(name)]).toEqual([where, name, true]);
        for (const label of series.get(name) ?? []) told.add(label);
        for (const label of labels) expect([where, name, label, told.has(label)]).toEqual([where, name, label, true]);
      }
      for (const label of grouping) expect([where, label, told.has(label)]).toEqual([where, label, true]);
    }
  });

  it('are all that the service exposes: a metric that nobody reads need not be counted', async () => {
    const asked = new Set(expressions().flatMap(({ expr }) => parsePromql(expr).selectors.map(({ name }) => name)));
    const own = parseExposition(await exposition()).filter(({ name }) => !/^(process|nodejs)_/.test(name));
    expect(own.length).toBeGreaterThan(20);
    const forgotten = own.filter(
      ({ name }) => !['', '_bucket', '_sum', '_count'].some((suffix) => asked.has(name + suffix)),
    );
    expect(forgotten.map(({ name }) => name)).toEqual([]);
  });
});

describe('the documents', () => {
  const documents = [
    'README.md',
    ...readdirSync(path.join(ROOT, 'docs')).flatMap((name) => (name.endsWith('.md') ? `docs/${name}` : [])),
    ...readdirSync(path.join(ROOT, 'docs/adr')).map((name) => `docs/adr/${name}`),
  ].map((name) => ({ name, text: readFileSync(path.join(ROOT, name), 'utf8') }));
  const METRIC =
    /`((?:webhook|http|commit|request|stored|uncounted|unindexed|database|readiness|messages?|process|nodejs)_[a-z0-9_]+_(?:total|seconds|bytes|messages|passed|streams))(?:\{([^}]*)\})?`/g;

  it('name only existing metrics and labels', async () => {
    const families = parseExposition(await exposition());
    const series = seriesIn(families);
    const named = documents.flatMap(({ name: file, text }) =>
      Array.from(text.matchAll(METRIC), ([, name = '', labels = '']) => ({ file, name, labels })),
    );
    expect(named.length).toBeGreaterThan(30);
    for (const { file, name, labels } of named) {
      expect([file, name, families.some((family) => family.name === name)]).toEqual([file, name, true]);
      const known = [...(series.get(name) ?? []), ...(series.get(`${name}_bucket`) ?? [])];
      for (const label of labels.split(',').filter(Boolean)) {
        expect(known).toContain(label.replace(/=.*/, ''));
      }
    }
  });

  it('describe every metric of the service', async () => {
    const { text = '' } = documents.find(({ name }) => name === 'README.md') ?? {};
    const told = Array.from(text.matchAll(/`([a-z_]+)(?:\{[^}`]*\})?`/g), ([, name = '']) => name);
    const own = parseExposition(await exposition()).filter(({ name }) => !/^(process|nodejs)_/.test(name));
    expect(own.map(({ name }) => name).filter((name) => !told.includes(name))).toEqual([]);
  });
});

describeNeeding(['promtool'], 'promtool', () => {
  it('finds no fault with the metrics', async () => {
    expect(await promtool(['check', 'metrics'], await exposition())).toEqual({ status: 0, output: '' });
  });

  it('can find a fault', async () => {
    expect(await promtool(['check', 'metrics'], '# TYPE some_count counter\nsome_count 1\n')).toMatchObject({
      status: 3,
    });
  });
});

describeNeeding(['promtool', 'prometheus'], 'Prometheus', () => {
  const copy = observabilityCopy();
  let prometheus: PrometheusServer;
  let sending = true;
  let traffic: Promise<void>;

  beforeAll(async () => {
    prometheus = await startPrometheus(configuration(), path.join(copy.folder, 'data'));
    traffic = (async () => {
      while (sending) {
        await everything();
        await delay(200);
      }
    })();
  });
  afterAll(async () => {
    sending = false;
    await traffic;
    await prometheus.stop();
    copy.remove();
  });

  /** The shipped files, with the one service as target, the key in a file, and short scrape intervals. */
  function configuration(): string {
    const file = path.join(copy.folder, 'prometheus.yml');
    const shipped = parse(readFileSync(file, 'utf8')) as {
      global: object;
      scrape_configs: { job_name: string; authorization: object }[];
    };
    const watched = shipped.scrape_configs.find((job) => job.job_name === 'webhook-inbox');
    if (watched === undefined) throw new Error('nothing scrapes the service');
    const keyFile = path.join(copy.folder, 'key');
    writeFileSync(keyFile, `${KEY}\n`);
    const { job_name, authorization: shippedAuthorization } = watched;
    writeFileSync(
      file,
      stringify({
        ...shipped,
        global: { ...shipped.global, scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
        scrape_configs: [
          {
            job_name,
            authorization: { ...shippedAuthorization, credentials_file: keyFile },
            static_configs: [{ targets: [`127.0.0.1:${String(service.port)}`] }],
          },
        ],
      }),
    );
    return file;
  }

  const finite = (result: readonly Series[]) => result.filter(({ value: [, value] }) => Number.isFinite(Number(value)));
  const answer = async (expr: string) => finite(await prometheus.query(expr));

  /** Queries until each has an answer with a number in it, or the time is over; returns those without one. */
  async function unanswered(exprs: Iterable<string>): Promise<string[]> {
    const end = performance.now() + PATIENCE_MS;
    let open = [...new Set(exprs)];
    for (;;) {
      const answers = await Promise.all(open.map(answer));
      open = open.filter((_, i) => answers[i]?.length === 0);
      if (open.length === 0 || performance.now() > end) return open;
      await delay(200);
    }
  }

  it(
    'finds what every rule and every query of the board selects',
    async () => {
      const selectors = expressions().flatMap(({ expr }) => parsePromql(expr).selectors);
      const wanted = selectors.filter(({ name }) => name !== 'ALERTS').map(({ text }) => `count(${text})`);
      expect(await unanswered(wanted)).toEqual([]);
    },
    2 * PATIENCE_MS,
  );

  it(
    'answers every query of the board, by the labels that its legend shows',
    async () => {
      const queries = boardQueries(shippedBoard());
      expect(await unanswered(queries.flatMap(({ expr, mayBeEmpty }) => (mayBeEmpty ? [] : expr)))).toEqual([]);
      for (const { where, expr, legend } of queries) {
        for (const { metric } of await prometheus.query(expr)) {
          expect([where, Object.keys(metric)]).toEqual([where, expect.arrayContaining([...legend])]);
        }
      }
    },
    2 * PATIENCE_MS,
  );

  it(
    'evaluates every rule, and records what the alerts and the board ask for',
    async () => {
      expect(await unanswered(recorded)).toEqual([]);
      const all = shippedRules().map(({ alert, record }) => alert ?? record ?? '');
      await until(async () => (await prometheus.rules()).every(({ health }) => health !== 'unknown'));
      const rules = await prometheus.rules();
      expect(rules.map(({ name }) => name).sort()).toEqual([...all].sort());
      expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    },
    2 * PATIENCE_MS,
  );

  it(
    'sees that the service is ready, and by how much it misses the objective',
    async () => {
      expect(
        await unanswered(['job:webhook_requests_missed:ratio_rate5m > 0 < 1', 'job:webhook_inbox_ready:count == 1']),
      ).toEqual([]);
    },
    2 * PATIENCE_MS,
  );

  it('reports the error of an invalid query', async () => {
    await expect(prometheus.query('sum by (')).rejects.toThrow('parse error');
    expect(await prometheus.query('count(webhook_request_total)')).toEqual([]);
  });
});
