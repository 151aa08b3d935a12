import type { RequestListener, Server } from 'node:http';
import { declaredLength } from '../body/announced.ts';

/**
 * Handles requests with an Expect header like every other request, because Node's own refusal would have no body, no log line and no
 * metric. A client that asks whether to send its body gets 100 Continue, unless the body is too large. In that case the service answers without
 * it (RFC 9110, section 10.1.1), and Node closes the connection, because the next bytes could be that body or another request.
 */
export function handleExpectations(server: Server, handle: RequestListener, maxBodyBytes: number): void {
  server.on('checkExpectation', handle);
  server.on('checkContinue', (request, response) => {
    if (declaredLength(request) <= maxBodyBytes) response.writeContinue();
    handle(request, response);
  });
}
