import { setTimeout as delay } from 'node:timers/promises';
import { until, type Rig } from './rig.ts';
import { inRounds } from './rounds.ts';
import type { Scenario } from './scenario.ts';

/** A fault around the service that begins and ends while the process runs. */
export interface Fault extends Omit<Scenario, 'run'> {
  /** The checks that /health/ready reports during the fault; null if the fault is too short to be seen. */
  readonly checks: Readonly<Record<string, string>> | null;
  /** Sets up the parts around the service; returns the environment they require, and a function that removes them. */
  prepare?(rig: Rig): Promise<Prepared>;
  /** Begins the fault; returns a function that ends it. */
  inject(rig: Rig): Mend | Promise<Mend>;
}

export type Mend = () => unknown;

export interface Prepared {
  readonly environment: Readonly<Record<string, string>>;
  readonly end: () => Promise<void>;
}

/**
 * Clients send messages all the time. During the fault they get 503 with `Retry-After`, readiness names
 * the check, and liveness stays 200; after it the same process accepts messages again without a restart.
 */
export function faultScenario(fault: Fault): Scenario {
  return inRounds({
    ...fault,
    async setUp(rig, { recoveriesMs, faults }, { random, holdMs }) {
      const prepared = await fault.prepare?.(rig);
      await rig.start(prepared?.environment);
      return {
        async round() {
          const load = rig.load();
          await rig.acknowledged();
          await delay(random.below(200));
          const mend = await fault.inject(rig);
          const injectedAt = performance.now();
          await until(() => load.shed() > 0, 'no message was refused with 503');
          faults.push(...(await whileItLasts(rig, fault)));
          await delay(Math.max(0, holdMs - (performance.now() - injectedAt)));
          await mend();
          const mendedAt = performance.now();
          await rig.readiness(200);
          await rig.acknowledged();
          recoveriesMs.push(performance.now() - mendedAt);
          await load.stop();
          faults.push(...load.refused());
          if (rig.process().child.exitCode !== null) faults.push('the process ended');
        },
        ...(prepared && { end: prepared.end }),
      };
    },
  });
}

async function whileItLasts(rig: Rig, { checks }: Fault): Promise<string[]> {
  const live = await fetch(`http://127.0.0.1:${String(rig.port())}/health/live`);
  if (checks === null) return live.status === 200 ? [] : [`liveness was ${String(live.status)}`];
  const { checks: seen } = (await rig.readiness(503)) as { checks: Readonly<Record<string, string>> };
  const wrong = Object.entries(checks).filter(([name, value]) => seen[name] !== value);
  return [
    ...(live.status === 200 ? [] : [`liveness was ${String(live.status)}`]),
    ...wrong.map(([name, value]) => `readiness said ${name}: ${String(seen[name])}, not ${value}`),
  ];
}
