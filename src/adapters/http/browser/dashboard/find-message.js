import { messagePath } from './api.js';

/**
 * @typedef {import('./api.js').Message} Message
 * @typedef {import('./api.js').MessageDetail} MessageDetail
 */

/**
 * Gets one message with all its data. The rows of the table do not name the provider, and several providers may use the
 * same id: then it tries each provider until the message matches the row.
 * @param {import('./api.js').Api} api
 * @param {{ id: string, provider: string, row: Message | null }} wanted
 * @param {AbortSignal} signal
 * @returns {Promise<MessageDetail>}
 */
export async function findMessage(api, { id, provider, row }, signal) {
  const path = messagePath(id);
  /** @param {string} name @returns {Promise<MessageDetail>} */
  const ask = (name) => api.json(path, { query: { provider: name }, signal });

  const found = await ask(provider);
  if (row === null || provider !== '' || isSame(found, row)) return found;
  const { providers } = await api.readiness(signal);
  for (const name of providers) {
    if (name === found.provider) continue;
    const other = await ask(name).catch(() => null);
    if (other !== null && isSame(other, row)) return other;
  }
  return found;
}

/** @param {Message} one @param {Message} other */
function isSame(one, other) {
  return one.ts === other.ts && one.from === other.from && one.to === other.to && one.text === other.text;
}
