import type { Timer } from '../application/ports.ts';

export const systemTimer: Timer = {
  every(milliseconds, callBack) {
    const interval = setInterval(callBack, milliseconds).unref();
    return () => {
      clearInterval(interval);
    };
  },
};
