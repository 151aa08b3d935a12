import type { Timer } from '../../application/ports/time.ts';

/** The service's timer: a pending call does not keep the process alive. */
export const systemTimer: Timer = timer((pending) => pending.unref());

/** The timer of commands: a pending call keeps the process alive, because nothing else does while a command pauses. */
export const commandTimer: Timer = timer((pending) => pending);

function timer(started: (pending: NodeJS.Timeout) => NodeJS.Timeout): Timer {
  return {
    elapsed: () => performance.now(),
    every(milliseconds, callBack) {
      const interval = started(setInterval(callBack, milliseconds));
      return () => {
        clearInterval(interval);
      };
    },
    after(milliseconds, callBack) {
      const timeout = started(setTimeout(callBack, milliseconds));
      return () => {
        clearTimeout(timeout);
      };
    },
  };
}
