import { expect, it } from '@jest/globals';
import { turnstile } from '../../../../src/adapters/http/unread/turnstile.ts';
import { manualTimer } from '../../../support/fakes.ts';

const LIMITS = { maxInside: 2, maxWaiting: 2, patience: 1_000 };
const settled = (): Promise<void> => new Promise(setImmediate);

it('lets a few in, the others in their order, and no more than may wait', async () => {
  const { enter, leave } = turnstile(LIMITS, manualTimer());
  const turns: string[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e']) void enter().then((isIn) => turns.push(`${name} ${String(isIn)}`));
  await settled();
  expect(turns).toEqual(['a true', 'b true', 'e false']);
  leave();
  await settled();
  leave();
  await settled();
  expect(turns.slice(3)).toEqual(['c true', 'd true']);
  leave();
  leave();
  expect(await enter()).toBe(true);
});

it('sends those away who waited too long, and keeps no place for them', async () => {
  const timer = manualTimer();
  const { enter, leave } = turnstile({ ...LIMITS, maxInside: 1 }, timer);
  expect(await enter()).toBe(true);
  const late = enter();
  timer.pass(1_000);
  expect(await late).toBe(false);
  leave();
  expect([await enter(), timer.waiting()]).toEqual([true, 0]);
});
