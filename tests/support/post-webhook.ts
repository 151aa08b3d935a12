import { request, type Agent } from 'node:http';
import { signHmac } from '../../src/adapters/signature/hmac.ts';
import type { SentRequest } from './leak-watch.ts';
import { SECRET } from './service.ts';

export interface WebhookAnswer {
  readonly status: number;
  readonly result: string | undefined;
  readonly retryAfter: string | undefined;
}

/**
 * Sends a signed webhook on one of the agent's connections: cheaper than fetch, for loads. Rejects without a complete answer.
 * `sent` receives the request first.
 */
export function postWebhook(
  port: number,
  body: string,
  agent: Agent,
  sent?: (request: SentRequest) => void,
  secret = SECRET,
): Promise<WebhookAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'X-Signature': signHmac(secret, body) };
    sent?.({ headers, body });
    request({ port, host: '127.0.0.1', method: 'POST', path: '/webhook', agent, headers }, (response) => {
      response.resume().on('error', reject);
      const { 'x-message-result': result, 'retry-after': retryAfter } = response.headers;
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, result: result as string | undefined, retryAfter });
      });
    })
      .on('error', reject)
      .end(body);
  });
}
