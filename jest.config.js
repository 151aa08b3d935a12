const report = process.env.JEST_REPORT;

/** One configuration for every suite; npm scripts choose folders. JEST_REPORT names a file for the results as JSON. */
export default {
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
  testTimeout: 30_000,
  collectCoverageFrom: ['src/**/*.ts', '!src/adapters/http/generated/**'],
  coverageReporters: ['text-summary', 'json-summary', 'lcov'],
  ...(report && { reporters: ['default', ['<rootDir>/tests/support/json-reporter.cjs', { file: report }]] }),
};
