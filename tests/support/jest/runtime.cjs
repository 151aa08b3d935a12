/**
 * Loads tests as Node loads any program, without a context for each file (docs/adr/0021). Each worker process then compiles what
 * tests import once. Hooks, timeouts, `each`, expectations, fake timers and reporters stay jest's.
 */
const { registerHooks } = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { default: Runtime } = require('jest-runtime');
const { current } = require('./current.cjs');

const ROOT = pathToFileURL(path.join(__dirname, '../../..', path.sep)).href;
const GLOBALS = pathToFileURL(path.join(__dirname, 'globals.mjs')).href;
const SOURCE = /^src\/(.+)\.ts$/;

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier === '@jest/globals') return { url: GLOBALS, format: 'module', shortCircuit: true };
    const resolved = nextResolve(specifier, context);
    return { ...resolved, url: built(resolved.url), ...(built(resolved.url) !== resolved.url && { format: 'module' }) };
  },
});

/** The sources as they are shipped, where the run has built them: their threads and processes start faster, too. */
function built(url) {
  if (process.env.TEST_BUILD !== 'dist' || !url.startsWith(ROOT)) return url;
  const [, name] = SOURCE.exec(url.slice(ROOT.length)) ?? [];
  return name === undefined ? url : `${ROOT}dist/${name}.js`;
}

/** Test files loaded in this process: one that runs again, in another project, is another module. */
let loaded = 0;

module.exports = class NativeRuntime extends Runtime {
  /** Loads jest-circus again for each file, because its state belongs to one file. */
  requireInternalModule(file) {
    delete require.cache[file];
    return require(file);
  }

  setGlobalsForRuntime(globals) {
    super.setGlobalsForRuntime(globals);
    current.globals = { ...globals, jest: this.jestGlobals.jestObjectFor(this._testPath) };
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(file) {
    return import(`${pathToFileURL(file).href}?${++loaded}`);
  }
};
