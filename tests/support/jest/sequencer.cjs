'use strict';

const { default: Sequencer } = require('@jest/test-sequencer');

/** The suites of more than half a minute, slowest first: one that is begun last leaves the other workers with nothing to do. */
const SLOWEST = [
  'e2e/operations',
  'torture/torture',
  'adapters/cli/backup/restore',
  'adapters/cli/backup/export-import',
  'e2e/dashboard',
  'e2e/rolling-upgrade',
  'e2e/clients-page',
  'adapters/cli/backup/postgres-backup',
  'deployment/alerts',
  'deployment/typescript-client-package',
  'deployment/dockerfile',
  'e2e/pages',
  'e2e/adding-a-provider',
  'e2e/replicas',
];

/** Begins with the slowest suites; the others stay in Jest's order: as long as they took the last time, or the largest file first. */
module.exports = class SlowestFirst extends Sequencer {
  sort(tests) {
    const place = ({ path }) => {
      const index = SLOWEST.findIndex((name) => path.endsWith(`/tests/${name}.test.ts`));
      return index < 0 ? SLOWEST.length : index;
    };
    return super.sort(tests).sort((a, b) => place(a) - place(b));
  }
};
