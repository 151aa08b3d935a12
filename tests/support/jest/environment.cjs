/**
 * The test environment of the native runtime. It has no context of its own, because tests run in the realm of their worker process.
 * Jest sets what belongs to one test file on an object that inherits from the real globals.
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
