import { availableParallelism } from 'node:os';

const base = {
  testEnvironment: '<rootDir>/tests/support/jest/environment.cjs',
  runtime: '<rootDir>/tests/support/jest/runtime.cjs',
  roots: ['<rootDir>/tests'],
  transform: {},
  globalSetup: '<rootDir>/tests/support/global-setup.ts',
  globalTeardown: '<rootDir>/tests/support/global-teardown.ts',
};
/** Suites over HTTP whose answers come by way of SQL that differs between the two databases. The others run on SQLite alone. */
const OVER_DIFFERENT_SQL = [
  'examples',
  'fuzz',
  'hostile-input',
  'inside-details',
  'message',
  'messages',
  'metrics',
  'rejections',
  'seed',
  'stats',
  'stream',
  'timeseries',
  'webhook',
  'whatsapp',
];

/** Every suite once, and some once more on PostgreSQL; npm scripts choose folders. JEST_REPORT names a file for the results as JSON. */
export default {
  projects: [
    { ...base, displayName: 'all' },
    {
      ...base,
      displayName: 'e2e on PostgreSQL',
      testRegex: OVER_DIFFERENT_SQL.map((name) => `/e2e/${name}\\.test\\.ts$`),
      testEnvironmentOptions: { database: 'postgres' },
    },
  ],
  testSequencer: '<rootDir>/tests/support/jest/sequencer.cjs',
  // More than there are processors where they are two: many tests wait for processes, disks and servers.
  maxWorkers: Math.max(3, availableParallelism() - 1),
  workerIdleMemoryLimit: '2GB',
  testTimeout: 120_000, // many times what any test takes: only one that hangs comes to it, on a busy machine too
  collectCoverageFrom: ['{src,clients/typescript/src}/**/*.ts', '!**/generated/**'],
  coverageReporters: ['text-summary', 'json-summary', 'lcov'],
  reporters: ['default', ['<rootDir>/tests/support/jest/reporter.cjs', { file: process.env.JEST_REPORT }]],
};
