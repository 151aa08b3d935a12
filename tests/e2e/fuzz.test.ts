import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { Agent, request as httpRequest, type RequestListener } from 'node:http';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { curlOf } from '../fuzz/curl.ts';
import { fuzz, send, startFuzzedService } from '../fuzz/fuzz.ts';
import { OPERATIONS, requests } from '../fuzz/requests.ts';
import { withServer } from '../support/local-server.ts';
import type { RunningService } from '../support/service.ts';
import { byLength } from '../support/length.ts';
import { itNeeding } from '../support/requirements.ts';

const RUNS = byLength({ short: process.env['TEST_DATABASE'] === 'postgres' ? 400 : 1_000, long: 4_000 });

let service: RunningService;
beforeAll(async () => {
  service = await startFuzzedService();
});
afterAll(() => service.stop());

it('answers whatever is asked as the contract says, and stores only what it says it has stored', async () => {
  const wanted = new Set(OPERATIONS.flatMap(({ id }) => [`${id} is good`, `${id} is refused`]));
  async function fuzzed(runs: number): Promise<void> {
    const seed = randomInt(1, 2 ** 31);
    const { counts, failure } = await fuzz(service.url, { runs, seed });
    // Says what to fix and how to reproduce it.
    if (failure !== null) {
      throw new Error(
        `${failure.request.attempt}: ${failure.faults}\n${failure.curl}\nnpm run fuzz -- --seed ${String(seed)}`,
      );
    }
    for (const [id, ofStatus] of counts)
      for (const status of ofStatus.keys()) wanted.delete(`${id} is ${status < 400 ? 'good' : 'refused'}`);
  }
  await fuzzed(RUNS);
  // A few of many kinds are rare: chance may not have produced them yet.
  for (let more = 0; more < 10 && wanted.size > 0; more++) await fuzzed(500);
  expect([...wanted]).toEqual([]);
  expect(service.log.records.filter(({ level }) => level !== 'INFO')).toEqual([]);
  expect(service.log.requests.length).toBeGreaterThan(RUNS);
}, 300_000);

describe('the fuzzer', () => {
  it('finds a service that takes what it should refuse, and gives the smallest such request', async () => {
    const lenient: RequestListener = (incoming, outgoing) => {
      const { method, url: path, headers } = incoming;
      const onward = httpRequest(service.url + (path ?? ''), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode === 422 ? 200 : (answer.statusCode ?? 500), answer.headers);
        answer.pipe(outgoing);
      });
      incoming.pipe(onward);
    };
    const { failure } = await withServer(lenient, (url) => fuzz(url, { runs: 500, seed: 1 }));
    expect(failure?.faults).toContain('so it should be 422, not 200');
  });

  itNeeding(['curl'], 'shows a request as a curl command that is answered as the request is', async () => {
    const agent = new Agent();
    for (const request of fc.sample(requests(service.url), { numRuns: 40, seed: randomInt(2 ** 31) })) {
      const { status } = await send(service.url, agent, request);
      // Of a stream, which does not end by itself, the first line is enough, however long a busy machine takes for it.
      const curl = curlOf(service.url, request).replace(/ --max-time 1( [^]*)$/, ' -N$1 | head -n 1');
      const { stdout } = await promisify(execFile)('bash', ['-c', curl], { encoding: 'latin1' });
      const statuses = [...stdout.matchAll(/^HTTP\/1\.1 (?!100)(\d+)/gm)].map(([, word]) => Number(word));
      expect([request, statuses]).toEqual([request, [status]]);
    }
    agent.destroy();
  });
});
