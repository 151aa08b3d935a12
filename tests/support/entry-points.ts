import { fileURLToPath } from 'node:url';

/** Tests run what the run has built, and the sources where it has built nothing (TEST_BUILD=off). */
const isBuilt = process.env['TEST_BUILD'] === 'dist';
const entry = (name: string): string =>
  fileURLToPath(
    new URL(isBuilt ? `../../dist/infrastructure/${name}.js` : `../../src/infrastructure/${name}.ts`, import.meta.url),
  );

/** The service as a process. */
export const MAIN = entry('main');
/** The command line as a process. */
export const CLI = entry('cli');
