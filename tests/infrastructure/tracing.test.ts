import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { MESSAGE, startProcess } from '../support/service.ts';
import { traceCollector } from '../support/trace-collector.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const TELL_LOADED = `--import=${new URL('../support/tell-loaded.ts', import.meta.url).href}`;

/** The packages of OpenTelemetry that a process loads which accepts a webhook and stops, and its exit. */
async function loadedBy(environment: Readonly<Record<string, string>>) {
  const { child, listening, ended } = startProcess(folder, { NODE_OPTIONS: TELL_LOADED, ...environment });
  await (await listening).webhook(MESSAGE);
  child.kill('SIGTERM');
  const { status, stderr } = await ended;
  return { status, loaded: new Set(stderr.match(/@opentelemetry\/[\w-]+/g)) };
}

/** prom-client loads this one itself. */
const OF_THE_METRICS = '@opentelemetry/api';

describe('a process', () => {
  it('loads nothing of OpenTelemetry if tracing is disabled', async () => {
    const disabled = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_SDK_DISABLED: 'true' };
    for (const environment of [{}, disabled]) {
      expect(await loadedBy(environment)).toEqual({ status: 0, loaded: new Set([OF_THE_METRICS]) });
    }
  });

  it('exports its last spans before it ends if tracing is enabled', async () => {
    const collector = await traceCollector();
    const { status, loaded } = await loadedBy({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/of/its/own`,
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=the-key%20of-the-collector',
      OTEL_SERVICE_NAME: 'inbox',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=another,service.instance.id=one',
    });
    await collector.close();
    expect(status).toBe(0);
    expect(loaded).toContain('@opentelemetry/sdk-trace');
    expect(collector.named('POST /webhook')[0]?.resource).toMatchObject({
      'service.name': 'inbox',
      'service.instance.id': 'one',
    });
    // One, or two where it took long enough for what ended first to go ahead.
    const told = collector.exports.map(({ path: asked, headers }) => `${asked} ${String(headers['api-key'])}`);
    expect(new Set(told)).toEqual(new Set(['/of/its/own the-key of-the-collector']));
  });

  it('does not start with an invalid protocol or invalid headers, and does not repeat them', async () => {
    const { ended, listening } = startProcess(folder, {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_HEADERS: 'a-secret-alone',
    });
    await expect(listening).rejects.toThrow();
    const { status, stderr } = await ended;
    expect(status).toBe(78);
    expect(stderr.match(/^ {2}OTEL_[A-Z_]+/gm)).toEqual([
      '  OTEL_EXPORTER_OTLP_HEADERS',
      '  OTEL_EXPORTER_OTLP_PROTOCOL',
    ]);
    expect(stderr).not.toMatch(/grpc|a-secret/);
  });
});
