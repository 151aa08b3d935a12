/** Writes the results of a run to a file, beside what another reporter shows a person. */
const { writeFileSync } = require('node:fs');

module.exports = class JsonReporter {
  constructor(_config, { file }) {
    this.file = file;
  }

  onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
    writeFileSync(this.file, JSON.stringify({ numPassedTests, numFailedTests, numRuntimeErrorTestSuites }));
  }
};
