import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { PROMETHEUS } from './promtool.ts';
import { freePort } from './free-port.ts';

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

export interface EvaluatedRule {
  readonly name: string;
  readonly health: 'ok' | 'unknown' | 'err';
  readonly lastError?: string;
}

export interface PrometheusServer {
  /** The current result of a query. Rejects with the error of Prometheus for an invalid query. */
  query(expr: string): Promise<readonly Series[]>;
  rules(): Promise<readonly EvaluatedRule[]>;
  stop(): Promise<void>;
}

/** Debian's Prometheus on the loopback interface, with a configuration and a folder for its data. Resolves when it is ready. */
export async function startPrometheus(configFile: string, data: string): Promise<PrometheusServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const child = spawn(
    PROMETHEUS,
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${String(port)}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const said = text(child.stderr);
  const ended = once(child, 'exit').then(async () => {
    throw new Error(`Prometheus has ended: ${await said}`);
  });
  ended.catch(() => undefined); // when it is stopped

  async function ask(path: string, body?: URLSearchParams): Promise<unknown> {
    const response = await fetch(`${url}${path}`, body === undefined ? {} : { method: 'POST', body });
    const answer = (await response.json()) as { status: string; error?: string; data: unknown };
    if (answer.status !== 'success') throw new Error(answer.error);
    return answer.data;
  }

  async function ready(): Promise<void> {
    const isReady = () =>
      fetch(`${url}/-/ready`).then(
        (response) => response.ok,
        () => false,
      );
    while (!(await isReady())) await delay(20);
  }

  await Promise.race([ready(), ended]);
  return {
    async query(expr) {
      const { result } = (await ask('/api/v1/query', new URLSearchParams({ query: expr }))) as { result: Series[] };
      return result;
    },
    async rules() {
      const { groups } = (await ask('/api/v1/rules')) as { groups: { rules: EvaluatedRule[] }[] };
      return groups.flatMap(({ rules }) => rules);
    },
    async stop() {
      if (child.exitCode === null) {
        const gone = once(child, 'exit');
        child.kill('SIGTERM');
        await gone;
      }
    },
  };
}
