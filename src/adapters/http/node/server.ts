import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createApp, type HttpDependencies, type HttpOptions } from '../app.ts';
import { roomMaker, serverOptions } from './connection-limits.ts';
import { handleExpectations } from './expectations.ts';
import { pipeliningGuard } from './pipelining-guard.ts';
import { answerUnreadableRequest } from './unreadable-request.ts';
import { keepUnsentAnswers } from './unsent-answers.ts';

/** Creates Node's HTTP server around the application. It is not yet listening, and it answers as api/openapi.yaml says. */
export async function createHttpServer(dependencies: HttpDependencies, options: HttpOptions): Promise<Server> {
  const app = await createApp(dependencies, options);
  const handle = app.callback();
  const server = createServer(serverOptions(options.connections));

  const sending = keepUnsentAnswers(server);
  const guard = pipeliningGuard((request, response) => {
    sending(response);
    void handle(request, response);
  });
  server.on('request', guard.handle);
  handleExpectations(server, guard.handle, options.maxBodyBytes);

  const unreadable = new WeakSet<Duplex>();
  server.on('clientError', (error, socket) => {
    if (unreadable.has(socket)) return; // Node emits it again for each packet
    unreadable.add(socket);
    guard.afterAnswers(socket, () => {
      answerUnreadableRequest(error, socket);
    });
  });

  const makeRoom = roomMaker(server);
  server.on('drop', () => {
    dependencies.metrics.connectionDropped();
    makeRoom();
  });
  const { silenceTimeout, maxHeadersCount, maxRequestsPerSocket, maxConnections } = options.connections;
  return Object.assign(server, { timeout: silenceTimeout, maxHeadersCount, maxRequestsPerSocket, maxConnections });
}
