import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createApp, type HttpDependencies, type HttpOptions } from '../app.ts';
import { unreadableReport } from '../middleware/access-log.ts';
import { answerConnect } from './connect-requests.ts';
import { roomMaker, serverOptions } from './connection-limits.ts';
import { handleExpectations } from './expectations.ts';
import { pipeliningGuard } from './pipelining-guard.ts';
import { readTarget } from './request-target.ts';
import { answerUnreadableRequest } from './unreadable-request.ts';
import { keepUnsentAnswers } from './unsent-answers.ts';
import { unreadAnswers } from '../unread/unread-answers.ts';

/** What a small answer takes with its head, roughly. */
const HEAD_BYTES = 1_024;

/** Creates Node's HTTP server around the application. It is not yet listening, and it answers as api/openapi.yaml says. */
export async function createHttpServer(dependencies: HttpDependencies, options: HttpOptions): Promise<Server> {
  const server = createServer(serverOptions(options.connections));
  const { sendTimeout, connectionsCheckingInterval: interval } = options.connections;
  const unread = unreadAnswers(server, { maxUnreadBytes: options.maxUnreadBytes, sendTimeout, interval }, dependencies);
  const handle = (await createApp(dependencies, options, unread)).callback();

  const sending = keepUnsentAnswers(server);
  const guard = pipeliningGuard((request, response) => {
    sending(response);
    unread.note(HEAD_BYTES);
    readTarget(request);
    void handle(request, response);
  });
  server.on('request', guard.handle);
  handleExpectations(server, guard.handle, options.maxBodyBytes);

  server.on('connect', answerConnect(guard));

  const report = unreadableReport(dependencies.metrics, dependencies.logger, dependencies.timer);
  const unreadable = new WeakSet<Duplex>();
  server.on('clientError', (error, socket) => {
    if (unreadable.has(socket)) return; // Node emits it again for each packet
    unreadable.add(socket);
    guard.afterAnswers(socket, () => {
      // If only the body is unreadable, the request has an id already, and reports itself.
      const requestId = guard.unfinished(socket)?.getHeader('X-Request-ID');
      if (typeof requestId === 'string') answerUnreadableRequest(error, socket, undefined, requestId);
      else answerUnreadableRequest(error, socket, report.bind(null, (error as NodeJS.ErrnoException).code));
    });
  });

  const makeRoom = roomMaker(server, () => void unread.resetSlow());
  server.on('drop', () => {
    dependencies.metrics.connectionDropped();
    makeRoom();
  });
  const { silenceTimeout, maxHeadersCount, maxRequestsPerSocket, maxConnections } = options.connections;
  return Object.assign(server, { timeout: silenceTimeout, maxHeadersCount, maxRequestsPerSocket, maxConnections });
}
