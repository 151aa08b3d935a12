import { spawnSync } from 'node:child_process';
import { describe, it } from '@jest/globals';

/** What some tests need beside Node, npm and make: how it shows that it is there, and the Debian package that brings it. */
const REQUIREMENTS = {
  curl: { command: ['curl', '--version'], install: 'curl' },
  go: { command: ['go', 'version'], install: 'golang-go' },
  openssl: { command: ['openssl', 'version'], install: 'openssl' },
  pgbouncer: { command: ['pgbouncer', '--version'], install: 'pgbouncer' },
  postgresql: { command: ['pg_ctlcluster', '--version'], install: 'postgresql' },
  prometheus: { command: [process.env['PROMETHEUS'] ?? 'prometheus', '--version'], install: 'prometheus' },
  promtool: { command: [process.env['PROMTOOL'] ?? 'promtool', '--version'], install: 'prometheus' },
  python3: { command: ['python3', '--version'], install: 'python3' },
  'systemd-analyze': { command: ['systemd-analyze', '--version'], install: 'systemd' },
} as const satisfies Readonly<Record<string, { command: readonly [string, ...string[]]; install: string }>>;

export type Requirement = keyof typeof REQUIREMENTS;

const found = new Map<Requirement, boolean>();

/** Whether this machine has it. */
export function has(name: Requirement): boolean {
  let is = found.get(name);
  if (is === undefined) {
    const [command, ...args] = REQUIREMENTS[name].command;
    is = spawnSync(command, args, { stdio: 'ignore' }).error === undefined;
    found.set(name, is);
  }
  return is;
}

/**
 * A group of tests that this machine may lack something for. What it lacks stands in the group's name and the tests are skipped;
 * the reporter lists them at the end of the run, and fails it in CI.
 */
export function describeNeeding(needs: readonly Requirement[], name: string, tests: () => void): void {
  const missing = needs.filter((need) => !has(need));
  if (missing.length === 0) describe(name, tests);
  else describe.skip(`${name} ${mark(missing)}`, tests);
}

/** The same for one test. */
export function itNeeding(
  needs: readonly Requirement[],
  name: string,
  test: () => Promise<void>,
  timeoutMs?: number,
): void {
  const missing = needs.filter((need) => !has(need));
  if (missing.length === 0) it(name, test, timeoutMs);
  else it.skip(`${name} ${mark(missing)}`, test);
}

/** What the reporter looks for in the names of skipped tests. */
function mark(missing: readonly Requirement[]): string {
  return `[needs ${missing.map((need) => `${need} (Debian: ${REQUIREMENTS[need].install})`).join(', ')}]`;
}
