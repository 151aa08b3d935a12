import { createRequire } from 'node:module';
import { afterEach, expect, it } from '@jest/globals';

interface Reporter {
  onRunStart(): void;
  onTestResult(test: object, result: object, aggregated: object): void;
  getLastError(): Error | undefined;
}

const Reporter = createRequire(import.meta.url)('./jest/reporter.cjs') as new (
  config: { rootDir: string },
  options: { file?: string },
) => Reporter;

const CI = process.env['CI'];
afterEach(() => {
  if (CI === undefined) delete process.env['CI'];
  else process.env['CI'] = CI;
});

/** The error of a run with one test of this name that was skipped. */
function errorOfRun(skipped: string): Error | undefined {
  const reporter = new Reporter({ rootDir: '/' }, {});
  reporter.onRunStart();
  const test = { context: { config: { testEnvironmentOptions: {} } }, path: '/a.test.ts' };
  const testResults = [{ status: 'pending', fullName: skipped }];
  const counts = { numPassingTests: 0, numFailingTests: 0, numPendingTests: 1 };
  reporter.onTestResult(test, { ...counts, perfStats: { runtime: 1 }, testResults }, { numTotalTestSuites: 1 });
  return reporter.getLastError();
}

it('fails a run in CI that lacks what a test needs, and no other run', () => {
  const name = 'the page [needs go (Debian: golang-go)] runs';
  process.env['CI'] = 'true';
  expect(errorOfRun(name)?.message).toContain('go (Debian: golang-go)');
  expect(errorOfRun('a test that a filter left out')).toBeUndefined();
  delete process.env['CI'];
  expect(errorOfRun(name)).toBeUndefined();
});
