import { getMessage, getStats, ingestMessage, listMessages } from './generated/inbox';
import type { ConnectSdk, Problem, Reply } from './sdk-client';

/**
 * As its documentation says: a function for each operation, and an answer whose status tells the type of its data. The
 * functions ask the server that their page came from; where there is no page, somebody has to say which one that is.
 */
export const connect: ConnectSdk = (baseUrl, key) => {
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => fetch(typeof input === 'string' ? new URL(input, baseUrl) : input, init);
  const options = key === undefined ? {} : { headers: { Authorization: `Bearer ${key}` } };

  function reply<Answer extends { status: number; data: unknown }>({
    status,
    data,
  }: Answer): Reply<Extract<Answer, { status: 200 }>['data']> {
    return status === 200
      ? { status, data, problem: undefined }
      : { status, data: undefined, problem: data as Problem };
  }

  return {
    async ingest(body, signature) {
      const answer = await ingestMessage(body, { headers: { 'X-Signature': signature } });
      return { ...reply(answer), data: answer.headers.get('X-Message-Result') };
    },
    list: async (query) => reply(await listMessages(query, options)),
    // Unless its configuration has urlEncodeParameters, escaping is left to the caller.
    message: async (id) => reply(await getMessage(encodeURIComponent(id), undefined, options)),
    stats: async () => reply(await getStats(options)),
  };
};
