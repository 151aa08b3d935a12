import { request } from 'node:http';
import { withServer } from './local-server.ts';

/** `503`: a proxy's own. `cut`: the service does what it is asked, and its answer is cut off. `forward`: all goes well. */
export type Doing = '503' | 'cut' | 'forward';

/** Stands between a service and whoever does the work: does one of these with each request, the last one with all that follow. */
export function withUnreliable<T>(
  origin: string,
  doings: readonly Doing[],
  work: (url: string) => Promise<T>,
): Promise<T> {
  let number = 0;
  return withServer((incoming, outgoing) => {
    const doing = doings[Math.min(number++, doings.length - 1)];
    if (doing === '503') return outgoing.writeHead(503, { 'Retry-After': '1' }).end('<h1>no</h1>');
    const { method, url, headers } = incoming;
    const onward = request(origin + (url ?? ''), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
      if (doing === 'cut') answer.on('data', () => outgoing.destroy());
      else answer.pipe(outgoing);
    });
    return incoming.pipe(onward);
  }, work);
}
