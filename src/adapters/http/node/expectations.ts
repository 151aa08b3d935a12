import type { RequestListener, Server } from 'node:http';
import { declaredLength } from '../body/announced.ts';

/**
 * Requests with an Expect header go the way of every request: what Node would refuse by itself would have no body, no log line and no
 * metric. Who asks whether to send a body is told to, unless it is too large: then the answer comes without it (RFC 9110, section
 * 10.1.1), and Node ends the connection, for what comes next on it could be that body or another request.
 */
export function handleExpectations(server: Server, handle: RequestListener, maxBodyBytes: number): void {
  server.on('checkExpectation', handle);
  server.on('checkContinue', (request, response) => {
    if (declaredLength(request) <= maxBodyBytes) response.writeContinue();
    handle(request, response);
  });
}
