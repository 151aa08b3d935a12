import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Metrics } from '../../../application/ports/telemetry.ts';
import { SECONDS } from './buckets.ts';

const GROUP_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048];

type CommitMetrics = Pick<Metrics, 'commit' | 'queueDepth' | 'messagesErased' | 'backgroundStep' | 'retentionBlocked'>;

/** Metrics of commits, of the queue in front of them, of erasing and of background steps. */
export function commitMetrics(registry: Registry, maxQueuedMessages: number): CommitMetrics {
  const registers = [registry];
  const commitMessages = new Histogram({
    name: 'commit_batch_messages',
    help: 'Messages in a commit.',
    buckets: GROUP_SIZES,
    registers,
  });
  const commitDuration = new Histogram({
    name: 'commit_duration_seconds',
    help: 'Duration of commits by outcome.',
    labelNames: ['outcome'],
    buckets: SECONDS,
    registers,
  });
  for (const outcome of ['committed', 'failed']) commitDuration.zero({ outcome });
  const queueDepth = new Gauge({
    name: 'commit_queue_messages',
    help: 'Messages waiting for a commit.',
    registers,
  });
  new Gauge({
    name: 'commit_queue_limit_messages',
    help: 'Maximum number of messages that wait for a commit; more are rejected.',
    registers,
  }).set(maxQueuedMessages);
  const messagesErased = new Counter({
    name: 'messages_erased_total',
    help: 'Messages erased by this process, by reason.',
    labelNames: ['cause'],
    registers,
  });
  messagesErased.inc({ cause: 'retention' }, 0);
  const stepFailing = new Gauge({
    name: 'background_step_failing',
    help: '1 if the last run of this background step failed, else 0.',
    labelNames: ['step'],
    registers: [registry],
  });
  const retentionBlocked = new Gauge({
    name: 'retention_blocked',
    help: '1 while retention erases nothing, because the clock may be wrong or a run would erase too much; otherwise 0.',
    registers,
  });

  return {
    commit({ messages, seconds, outcome }) {
      commitMessages.observe(messages);
      commitDuration.observe({ outcome }, seconds);
    },
    queueDepth(messages) {
      queueDepth.set(messages);
    },
    messagesErased(messages) {
      messagesErased.inc({ cause: 'retention' }, messages);
    },
    backgroundStep(step, failing) {
      stepFailing.set({ step }, Number(failing));
    },
    retentionBlocked(blocked) {
      retentionBlocked.set(blocked ? 1 : 0);
    },
  };
}
