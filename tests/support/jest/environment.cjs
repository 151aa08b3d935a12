/**
 * The test environment of the native runtime: no context of its own, because tests run in the realm of their worker process. What
 * jest sets for a test file goes on an object beside the real globals and ends with the file.
 */
const { ModernFakeTimers } = require('@jest/fake-timers');
const { ModuleMocker } = require('jest-mock');

module.exports = class NativeEnvironment {
  constructor({ projectConfig }) {
    this.global = Object.create(globalThis, { process: { value: Object.create(process), writable: true } });
    this.fakeTimers = null;
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
    this.moduleMocker = new ModuleMocker(globalThis);
    this.database = projectConfig.testEnvironmentOptions.database;
  }

  /** Tests that start the service read from TEST_DATABASE which database this project is for. */
  setup() {
    if (this.database === undefined) delete process.env.TEST_DATABASE;
    else process.env.TEST_DATABASE = this.database;
    return Promise.resolve();
  }

  teardown() {
    this.fakeTimersModern.useRealTimers();
    return Promise.resolve();
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  getVmContext() {
    return null;
  }
};
