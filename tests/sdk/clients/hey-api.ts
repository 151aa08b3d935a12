import { getMessage, getStats, ingestMessage, listMessages } from './generated';
import { createClient, createConfig } from './generated/client';
import type { ConnectSdk, Problem, Reply } from './sdk-client';

/** As its documentation says: a function for each operation, with a client that knows the address and the key. */
export const connect: ConnectSdk = (baseUrl, key) => {
  const client = createClient(createConfig({ baseUrl, ...(key !== undefined && { auth: key }) }));

  function reply<Data>(answer: { response?: Response; data: Data; error?: Problem }): Reply<NonNullable<Data>> {
    return { status: answer.response?.status ?? 0, data: answer.data ?? undefined, problem: answer.error };
  }

  return {
    async ingest(body, signature) {
      const answer = await ingestMessage({ client, body, headers: { 'X-Signature': signature } });
      return { ...reply(answer), data: answer.response?.headers.get('X-Message-Result') ?? null };
    },
    list: async (query) => reply(await listMessages({ client, query })),
    message: async (id) => reply(await getMessage({ client, path: { message_id: id } })),
    stats: async () => reply(await getStats({ client })),
  };
};
