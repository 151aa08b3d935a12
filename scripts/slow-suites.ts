import { readFileSync } from 'node:fs';

/** Prints the suites of a test run, slowest first: `JEST_REPORT=report.json npm test`, then `node scripts/slow-suites.ts report.json`. */

interface Report {
  readonly suites: readonly { readonly name: string; readonly seconds: number; readonly tests: number }[];
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('Usage: node scripts/slow-suites.ts REPORT, a file that JEST_REPORT named for a run\n');
  process.exit(64);
}
const { suites } = JSON.parse(readFileSync(file, 'utf8')) as Report;
console.log('| seconds | tests | suite |\n| ---: | ---: | --- |');
for (const { name, seconds, tests } of suites.toSorted((a, b) => b.seconds - a.seconds)) {
  console.log(`| ${seconds.toFixed(1)} | ${String(tests)} | ${name} |`);
}
