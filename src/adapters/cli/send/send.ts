import { descriptorOf, type ProviderName } from '../../providers/registry.ts';
import type { Failure, Outcome } from '../outcome.ts';
import { EXIT_FAULT, failed, UsageError } from '../run-command.ts';
import type { CommandDependencies } from '../dependencies.ts';
import type { Settings } from '../settings.ts';
import type { Clock } from '../../../application/ports/time.ts';
import { progressOn } from '../progress.ts';
import { Stopped, stoppedBy, stopSignal } from '../stop-signals.ts';
import { readInput } from '../streams.ts';
import { localOrigin, signedUrl, webhookUrl } from '../service-url.ts';
import { randomDeliveryId, signer } from '../signing.ts';
import { bodiesIn } from './bodies.ts';
import { paced } from './pace.ts';
import { post, type Attempt } from './post.ts';
import { sampler } from './samples.ts';
import { lines, newTally, type Summary } from './tally.ts';

export interface SendOptions {
  readonly provider: ProviderName;
  readonly url?: string;
  readonly whole?: boolean;
  readonly count?: number;
  readonly rate?: number;
  readonly concurrency: number;
  readonly retries: number;
  readonly json?: boolean;
}

export async function send(
  { settings, clock, drawsBars }: CommandDependencies,
  file: string | undefined,
  options: SendOptions,
): Promise<Outcome> {
  const { rate, concurrency, retries, json = false } = options;
  const attempt = attempts(options, settings(), clock);
  const { total, bodyAt } = await messages(file, options, clock);

  const signal = stopSignal();
  const tally = newTally();
  const progress = progressOn(process.stderr, drawsBars && !json);
  const show = (): void => {
    progress.show('sending', tally.done(), total);
  };
  let reached = false;
  const worthwhile = (answered: boolean): boolean => (reached ||= answered);
  const sendOne = async (i: number): Promise<void> => {
    const result = await post(attempt(bodyAt(i)), { retries, signal, worthwhile, onRetry: tally.retried });
    tally.add(result);
    show();
    const answered = result.accepted || result.answered;
    reached ||= answered;
    if (!answered) throw new Error(unreachable(result.reason, options));
  };

  const started = performance.now();
  show();
  const fault = await paced(total, { concurrency, rate, signal }, sendOne).then(
    () => null,
    (error: unknown) => ({ error }),
  );
  progress.end();
  const summary = tally.summary(total, (performance.now() - started) / 1_000);
  const stopped: unknown = signal.reason;
  const failure =
    fault !== null
      ? failed(fault.error)
      : stopped instanceof Stopped
        ? stoppedBy(stopped, 'sending all again is safe')
        : refusal(summary);
  return { result: { ...summary }, words: lines(summary), failure };
}

function refusal({ refused, total }: Summary): Failure | undefined {
  if (refused === 0) return undefined;
  return { status: EXIT_FAULT, message: `the service rejected ${String(refused)} of ${String(total)} messages` };
}

function unreachable(reason: string, { url }: SendOptions): string {
  return `${reason}: start the service, or say ${url === undefined ? 'where it is with --url' : 'another --url'}`;
}

/** Sends each body with a new signature for each attempt, and with one id for all attempts. */
function attempts({ provider, url: given }: SendOptions, config: Settings, clock: Clock): (body: Buffer) => Attempt {
  const { path, mediaTypes } = descriptorOf(provider);
  const sign = signer(provider, config, clock);
  const url = webhookUrl(given ?? localOrigin(config), path);
  const signed = signedUrl(url, config.publicUrl);
  return (body) => {
    const id = randomDeliveryId();
    return { url, body, headers: () => ({ 'Content-Type': mediaTypes[0], ...sign({ body, url: signed, id }) }) };
  };
}

interface Messages {
  readonly total: number;
  readonly bodyAt: (i: number) => Buffer;
}

async function messages(file: string | undefined, options: SendOptions, clock: Clock): Promise<Messages> {
  const { provider, count, whole = false } = options;
  if (file === undefined && (count !== undefined || process.stdin.isTTY)) {
    return { total: count ?? 1, bodyAt: sampler(provider, clock) };
  }
  const bodies = bodiesIn(await readInput(file), whole);
  if (bodies.length === 0) {
    throw new UsageError('there is no message in the input: name a file, or send sample messages with --count');
  }
  return { total: bodies.length * (count ?? 1), bodyAt: (i) => bodies[i % bodies.length] ?? Buffer.of() };
}
