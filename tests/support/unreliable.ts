import { request, type ServerResponse } from 'node:http';
import { withServer } from './local-server.ts';

/**
 * `503`: a proxy's own. `cut 503`: half of one. `cut`: the service executes the request, and half of its answer arrives.
 * `forward`: the request and the answer arrive.
 */
export type Doing = '503' | 'cut 503' | 'cut' | 'forward';

/** A proxy in front of a service that treats each request in one of these ways, and all further requests like the last one. */
export function withUnreliable<T>(
  origin: string,
  doings: readonly Doing[],
  work: (url: string) => Promise<T>,
): Promise<T> {
  let number = 0;
  return withServer((incoming, outgoing) => {
    const doing = doings[Math.min(number++, doings.length - 1)];
    if (doing === '503') return outgoing.writeHead(503, { 'Retry-After': '1' }).end('<h1>no</h1>');
    if (doing === 'cut 503') {
      outgoing.writeHead(503, { 'Content-Type': 'application/problem+json', 'Content-Length': '100' });
      sendAndHangUp(outgoing, '{"type');
      return;
    }
    const { method, url, headers } = incoming;
    const onward = request(origin + (url ?? ''), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
      if (doing !== 'cut') return answer.pipe(outgoing);
      return answer.once('data', (chunk: Buffer) => {
        sendAndHangUp(outgoing, chunk.subarray(0, chunk.length / 2));
      });
    });
    onward.on('error', () => outgoing.destroy());
    return incoming.pipe(onward);
  }, work);
}

function sendAndHangUp(outgoing: ServerResponse, half: string | Buffer): void {
  outgoing.write(half, () => outgoing.destroy());
}
