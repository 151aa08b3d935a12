import type { Timer } from '../application/ports/time.ts';

export const systemTimer: Timer = {
  every(milliseconds, callBack) {
    const interval = setInterval(callBack, milliseconds).unref();
    return () => {
      clearInterval(interval);
    };
  },
  after(milliseconds, callBack) {
    const timeout = setTimeout(callBack, milliseconds).unref();
    return () => {
      clearTimeout(timeout);
    };
  },
};
