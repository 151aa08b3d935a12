import createClient from 'openapi-fetch';
import type { paths } from './generated/schema';
import type { ConnectSdk, Problem, Reply } from './sdk-client';

/** As its documentation says: a client of the paths, which knows every parameter, body and answer. */
export const connect: ConnectSdk = (baseUrl, key) => {
  const headers = key === undefined ? {} : { Authorization: `Bearer ${key}` };
  const client = createClient<paths>({ baseUrl, headers });

  function reply<Data>(answer: { response: Response; data?: Data; error?: Problem }): Reply<Data> {
    return { status: answer.response.status, data: answer.data, problem: answer.error };
  }

  return {
    async ingest(body, signature) {
      const answer = await client.POST('/webhook', { body, headers: { 'X-Signature': signature } });
      return { ...reply(answer), data: answer.response.headers.get('X-Message-Result') };
    },
    list: async (query) => reply(await client.GET('/messages', { params: { query } })),
    message: async (id) => reply(await client.GET('/messages/{message_id}', { params: { path: { message_id: id } } })),
    stats: async () => reply(await client.GET('/stats')),
  };
};
