/**
 * Signals that ask the service to stop: by supervisors (SIGTERM), Ctrl-C (SIGINT), a terminal or a session that ends, and rules of
 * logrotate (SIGHUP), Ctrl-\ (SIGQUIT), and development tools that restart a process (SIGUSR2). Node would end at once with each of them.
 */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;

export interface StopRequests {
  /** Calls back with each signal, also with those that came before. */
  onRequest(handle: (signal: NodeJS.Signals) => void): void;
}

/**
 * Receives the stop signals from now on. Call it before anything else is loaded: process 1 of a container ignores signals that it does not
 * handle. Also keeps SIGUSR1 from opening Node's debugger, which would run the code of everyone who reaches its port.
 */
export function stopRequests(): StopRequests {
  const early: NodeJS.Signals[] = [];
  let handle = (signal: NodeJS.Signals): void => void early.push(signal);
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      handle(signal);
    });
  }
  process.on('SIGUSR1', () => undefined);
  return {
    onRequest(given) {
      handle = given;
      for (const signal of early.splice(0)) given(signal);
    },
  };
}
