import { availableParallelism } from 'node:os';

const report = process.env.JEST_REPORT;

/*
 * Why npm's `jest` sets --wasm-wrapper-tiering-budget: threads strip the types of what they import by WebAssembly, and V8 keeps
 * compiled calls out of that for all threads of a process. One that is freed while another thread compiles it ends the process, in
 * 1 of some 15 runs of all tests: "Check failed: jit_page.has_value()" below Runtime_TierUpWasmToJSWrapper, or SIGSEGV (Node 24.21;
 * https://github.com/nodejs/node/issues/64500). With this budget none is compiled. What is built has no types to strip.
 */
const base = {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'nodenext' },
        sourceMaps: 'inline',
      },
    ],
  },
  globalSetup: '<rootDir>/tests/support/postgres-global-setup.ts',
  globalTeardown: '<rootDir>/tests/support/postgres-global-teardown.ts',
  setupFiles: ['<rootDir>/tests/support/sqlite-realm.cjs'],
};
/** These drive the commands and pages of a default installation. */
const DEFAULT_DATABASE_ONLY = [
  'adding-a-provider',
  'readme',
  'pages',
  'dashboard[a-z-]*',
  'process',
  'shutdown',
  'documentation',
  'replicas',
  'operations',
  'rolling-upgrade',
  'socket-activation',
  'clients-page',
  'observability',
  'retention',
];

/** These are over before a database is asked, or ask it for nothing that others do not. */
const OF_NO_DATABASE = [
  'body-budget',
  'body-limits',
  'cross-origin',
  'hostile-connections',
  'messages-validation',
  'protocol',
  'prototype-names',
  'rate-limits',
  'read-keys',
  'signature',
  'traces',
  'unreadable-requests',
  'webhook-validation',
];

/**
 * Every suite once, and those that drive the service over HTTP once more on PostgreSQL; npm scripts choose folders.
 * JEST_REPORT names a file for the results as JSON.
 */
export default {
  projects: [
    { ...base, displayName: 'all' },
    {
      ...base,
      displayName: 'e2e on PostgreSQL',
      roots: ['<rootDir>/tests/e2e'],
      testPathIgnorePatterns: [...DEFAULT_DATABASE_ONLY, ...OF_NO_DATABASE].map((name) => `/${name}\\.test\\.ts$`),
      setupFiles: [...base.setupFiles, '<rootDir>/tests/support/on-postgres.cjs'],
    },
  ],
  // More than there are processors where they are two: many tests wait for processes, disks and servers.
  maxWorkers: Math.max(3, availableParallelism() - 1),
  // What a suite leaves behind in its worker makes the collector slow, and the worker slow to end, which jest takes for a leak.
  workerIdleMemoryLimit: '1GB',
  testTimeout: 120_000, // many times what any test takes: only one that hangs comes to it, on a busy machine too
  collectCoverageFrom: ['{src,clients/typescript/src}/**/*.ts', '!**/generated/**'],
  coverageReporters: ['text-summary', 'json-summary', 'lcov'],
  ...(report && { reporters: ['default', ['<rootDir>/tests/support/json-reporter.cjs', { file: report }]] }),
};
