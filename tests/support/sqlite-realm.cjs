/**
 * Jest runs each test file in a realm of its own but loads a native addon once per worker, so from the second file on
 * better-sqlite3 would throw the first realm's errors, which are not `instanceof Error` here. Clearing its flag makes
 * it take this realm's classes.
 */
const { readdirSync } = require('node:fs');
const path = require('node:path');

const prebuilds = path.join(path.dirname(require.resolve('better-sqlite3/package.json')), 'prebuilds');
const loaded = readdirSync(prebuilds).find((file) => {
  const [platform, arch] = path.basename(file, '.node').split('-');
  return (
    arch === process.arch && platform.replace('musl', '') === process.platform && isMusl() === platform.endsWith('musl')
  );
});

function isMusl() {
  return process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
}

require(path.join(prebuilds, loaded)).isInitialized = false;
