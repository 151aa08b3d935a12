/** Beside jest's own reporter: how far the run is, and at its end what took longest and what could not be tried here. */
const { writeFileSync } = require('node:fs');
const path = require('node:path');

const PROGRESS_EVERY_MS = 10_000;
const SLOWEST = 5;
/** The mark of tests/support/requirements.ts. */
const NEEDS = /\[needs (.+?)\]/;

module.exports = class Reporter {
  /** @param options.file where the results go as JSON, if anywhere */
  constructor({ rootDir }, { file }) {
    this.rootDir = rootDir;
    this.file = file;
    this.suites = [];
    this.counts = { passed: 0, failed: 0, skipped: 0 };
    /** Names of tests by what this machine lacks for them. */
    this.notTried = new Map();
  }

  onRunStart() {
    this.started = performance.now();
    this.shown = this.started;
  }

  onTestResult({ context, path: file }, result, { numTotalTestSuites: total }) {
    const name = `${path.relative(this.rootDir, file)}${context.config.testEnvironmentOptions.database === 'postgres' ? ' (PostgreSQL)' : ''}`;
    this.suites.push({ name, seconds: result.perfStats.runtime / 1000, tests: result.numPassingTests });
    this.counts.passed += result.numPassingTests;
    this.counts.failed += result.numFailingTests + (result.testExecError ? 1 : 0);
    this.counts.skipped += result.numPendingTests;
    for (const { status, fullName } of result.testResults) {
      const needs = status === 'pending' ? NEEDS.exec(fullName)?.[1] : undefined;
      if (needs !== undefined) this.notTried.set(needs, (this.notTried.get(needs) ?? 0) + 1);
    }
    if (performance.now() - this.shown < PROGRESS_EVERY_MS) return;
    this.shown = performance.now();
    const [slowest] = this.slowest();
    const { passed, failed } = this.counts;
    print(
      `[${this.seconds()} s: ${this.suites.length} of ${total} suites, ${passed} tests passed, ${failed} failed; slowest: ${line(slowest)}]`,
    );
  }

  onRunComplete(_contexts, { numRuntimeErrorTestSuites: broken }) {
    const { passed, failed, skipped } = this.counts;
    print(`\n${passed} passed, ${failed} failed, ${skipped} skipped in ${this.seconds()} s. Slowest suites:`);
    for (const suite of this.slowest().slice(0, SLOWEST)) print(`  ${line(suite)}`);
    if (this.notTried.size > 0) print('Not tried here:');
    for (const [needs, tests] of this.notTried) print(`  ${tests} tests that need ${needs}`);
    if (this.getLastError() !== undefined) print('CI must try every test: install what the list names.');
    if (this.file) {
      writeFileSync(
        this.file,
        JSON.stringify({ passed, failed: Math.max(failed, broken), skipped, suites: this.slowest() }),
      );
    }
  }

  /** In CI everything is tried. */
  getLastError() {
    if (process.env.CI === undefined || this.notTried.size === 0) return undefined;
    return new Error(`CI lacks what these tests need: ${[...this.notTried.keys()].join('; ')}`);
  }

  slowest() {
    return [...this.suites].sort((a, b) => b.seconds - a.seconds);
  }

  seconds() {
    return Math.round((performance.now() - this.started) / 1000);
  }
};

function line({ name, seconds }) {
  return `${name} ${seconds.toFixed(1)} s`;
}

function print(text) {
  process.stderr.write(`${text}\n`);
}
