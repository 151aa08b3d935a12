import { request as http, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { request as https } from 'node:https';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  /** The reason phrase, such as `OK`. */
  readonly phrase: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface RequestOptions {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array;
  /** For the whole request, with its answer. */
  readonly timeoutMs: number;
}

/**
 * Sends one HTTP request and follows no redirect. Unlike `fetch`, it knows no blocked ports (https://fetch.spec.whatwg.org/#port-blocking),
 * because a service may listen on any. Rejects with the error of the connection, or with a TimeoutError.
 */
export function sendRequest(url: string, { method, headers = {}, body, timeoutMs }: RequestOptions): Promise<Answer> {
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject((signal.aborted ? signal.reason : error) as Error);
    };
    const request = (url.startsWith('https:') ? https : http)(url, { method, headers, signal }, (response) => {
      const { statusCode: status = 0, statusMessage: phrase = '' } = response;
      text(response).then((content) => {
        resolve({ status, phrase, headers: response.headers, text: content });
      }, fail);
    });
    request.once('error', fail);
    request.end(body);
  });
}
