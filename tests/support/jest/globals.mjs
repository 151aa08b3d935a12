/**
 * What `@jest/globals` is to tests: functions that lead to those of the test file that runs now, because a module that
 * several test files import is loaded only once.
 */
import { current } from './current.cjs';

const forward = (name) =>
  new Proxy(() => undefined, {
    apply: (_target, self, args) => Reflect.apply(current.globals[name], self, args),
    get: (_target, key) => Reflect.get(current.globals[name], key),
  });

export const afterAll = forward('afterAll');
export const afterEach = forward('afterEach');
export const beforeAll = forward('beforeAll');
export const beforeEach = forward('beforeEach');
export const describe = forward('describe');
export const expect = forward('expect');
export const it = forward('it');
export const jest = forward('jest');
export const test = forward('test');
