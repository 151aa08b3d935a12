import type { Clock, Timer } from '../../src/application/ports/time.ts';
import type { BackgroundObserver, LogFields, Logger, Metrics } from '../../src/application/ports/telemetry.ts';
import type { SignatureVerifier } from '../../src/application/ports/verification.ts';
import type { Delivery, SignatureVerdict } from '../../src/domain/delivery.ts';
import type { Timestamp } from '../../src/domain/timestamp.ts';

/** Ports that only record their calls. The repository's fake is the in-memory repository. */

export interface RecordingMetrics extends Metrics {
  readonly webhookRequests: string[];
  readonly httpRequests: Parameters<Metrics['httpRequest']>[0][];
  readonly updateCounts: { provider: string; outcome: string; count: number }[];
  readonly verifications: { provider: string; secret: string }[];
  readonly rejections: { provider: string; reason: string }[];
  readonly rateLimits: string[];
  readonly ingestLags: number[];
  readonly commits: Parameters<Metrics['commit']>[0][];
  readonly queueDepths: number[];
  readonly bodyBytesHeld: number[];
  readonly bodiesShed: true[];
  readonly connectionsDropped: true[];
  readonly connectionsReset: true[];
  readonly unreadBytesHeld: number[];
  readonly answersShed: true[];
  readonly erased: number[];
  readonly blocked: boolean[];
  readonly streams: number[];
  readonly backgroundSteps: { step: string; failing: boolean }[];
}

export function recordingMetrics(): RecordingMetrics {
  const recorded = {
    webhookRequests: [] as RecordingMetrics['webhookRequests'],
    httpRequests: [] as RecordingMetrics['httpRequests'],
    updateCounts: [] as RecordingMetrics['updateCounts'],
    verifications: [] as RecordingMetrics['verifications'],
    rejections: [] as RecordingMetrics['rejections'],
    rateLimits: [] as RecordingMetrics['rateLimits'],
    ingestLags: [] as RecordingMetrics['ingestLags'],
    commits: [] as RecordingMetrics['commits'],
    queueDepths: [] as RecordingMetrics['queueDepths'],
    bodyBytesHeld: [] as RecordingMetrics['bodyBytesHeld'],
    bodiesShed: [] as RecordingMetrics['bodiesShed'],
    connectionsDropped: [] as RecordingMetrics['connectionsDropped'],
    connectionsReset: [] as RecordingMetrics['connectionsReset'],
    unreadBytesHeld: [] as RecordingMetrics['unreadBytesHeld'],
    answersShed: [] as RecordingMetrics['answersShed'],
    erased: [] as RecordingMetrics['erased'],
    blocked: [] as RecordingMetrics['blocked'],
    streams: [] as RecordingMetrics['streams'],
    backgroundSteps: [] as RecordingMetrics['backgroundSteps'],
  };
  return {
    ...recorded,
    webhookRequest: ({ result }) => void recorded.webhookRequests.push(result),
    httpRequest: (request) => void recorded.httpRequests.push(request),
    updates: (provider, outcome, count) => void recorded.updateCounts.push({ provider, outcome, count }),
    verified: (provider, secret) => void recorded.verifications.push({ provider, secret }),
    rejected: (provider, reason) => void recorded.rejections.push({ provider, reason }),
    rateLimited: (kind) => void recorded.rateLimits.push(kind),
    ingestLag: (seconds) => void recorded.ingestLags.push(seconds),
    commit: (commit) => void recorded.commits.push(commit),
    queueDepth: (messages) => void recorded.queueDepths.push(messages),
    bodyBytes: (bytes) => void recorded.bodyBytesHeld.push(bytes),
    bodyShed: () => void recorded.bodiesShed.push(true),
    messageStreams: (open) => void recorded.streams.push(open),
    connectionReset: () => void recorded.connectionsReset.push(true),
    unreadBytes: (bytes) => void recorded.unreadBytesHeld.push(bytes),
    answerShed: () => void recorded.answersShed.push(true),
    connectionDropped: () => void recorded.connectionsDropped.push(true),
    messagesErased: (messages) => void recorded.erased.push(messages),
    backgroundStep: (step, failing) => void recorded.backgroundSteps.push({ step, failing }),
    retentionBlocked: (blocked) => void recorded.blocked.push(blocked),
  };
}

export interface RecordingBackground extends BackgroundObserver {
  /** `step: ok`, or `step: ` and the reason of its failure; repeated results once. */
  readonly results: string[];
}

export function recordingBackground(): RecordingBackground {
  const results: string[] = [];
  const record = (result: string): void => {
    if (results.at(-1) !== result) results.push(result);
  };
  return {
    results,
    succeeded(step) {
      record(`${step}: ok`);
    },
    failed(step, error) {
      record(`${step}: ${error instanceof Error ? error.message : String(error)}`);
    },
  };
}

/** The state of a process without background steps. */
export const noBackground = { failing: () => [] };

export interface ManualClock extends Clock {
  set(instant: Timestamp): void;
}

/** Shows the same time until it is set. */
export function manualClock(start: Timestamp): ManualClock {
  let instant = start;
  return {
    now: () => instant,
    set(to) {
      instant = to;
    },
  };
}

export interface ManualTimer extends Timer {
  /** Advances the time, and makes the calls that are due. */
  pass(milliseconds: number): void;
  /** The number of pending calls. */
  readonly waiting: () => number;
}

/** Time advances only through `pass`. */
export function manualTimer(): ManualTimer {
  const calls = new Set<{ readonly every: number | null; next: number; readonly callBack: () => void }>();
  let now = 0;
  const start = (milliseconds: number, every: number | null, callBack: () => void): (() => void) => {
    const call = { every, next: now + milliseconds, callBack };
    calls.add(call);
    return () => calls.delete(call);
  };
  return {
    elapsed: () => now,
    every: (milliseconds, callBack) => start(milliseconds, milliseconds, callBack),
    after: (milliseconds, callBack) => start(milliseconds, null, callBack),
    pass(milliseconds) {
      now += milliseconds;
      for (const call of [...calls]) {
        while (call.next <= now && calls.has(call)) {
          if (call.every === null) calls.delete(call);
          else call.next += call.every;
          call.callBack();
        }
      }
    },
    waiting: () => calls.size,
  };
}

export interface HastyTimer extends Timer {
  /** The durations of all waits. */
  readonly waits: number[];
}

/** Ends every wait immediately. No time passes. */
export function hastyTimer(): HastyTimer {
  const waits: number[] = [];
  return {
    waits,
    elapsed: () => 0,
    every: () => () => undefined,
    after(milliseconds, callBack) {
      let due = true;
      waits.push(milliseconds);
      queueMicrotask(() => {
        if (due) callBack();
      });
      return () => (due = false);
    },
  };
}

export interface LogLine {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: LogFields;
}

export interface RecordingLogger extends Logger {
  readonly lines: LogLine[];
}

export function recordingLogger(): RecordingLogger {
  const lines: LogLine[] = [];
  const recorder =
    (level: keyof Logger): Logger[keyof Logger] =>
    (message, fields = {}) =>
      void lines.push({ level, message, fields });
  return {
    lines,
    debug: recorder('debug'),
    info: recorder('info'),
    warn: recorder('warn'),
    error: recorder('error'),
  };
}

export interface RecordingVerifier extends SignatureVerifier {
  readonly deliveries: Delivery[];
}

/** Returns the same verdict for every delivery. */
export function recordingVerifier(verdict: SignatureVerdict): RecordingVerifier {
  const deliveries: Delivery[] = [];
  return {
    deliveries,
    configured: verdict.valid || verdict.reason !== 'no_secret_configured',
    verify(delivery) {
      deliveries.push(delivery);
      return verdict;
    },
  };
}
