import { messagePath } from './api.js';

/**
 * @typedef {import('./api.js').Message} Message
 * @typedef {import('./api.js').MessageDetail} MessageDetail
 */

/**
 * One message with all that is known of it. Rows of the table do not say whose they are, and an id may be used by several providers: then
 * each is asked for until it is the message of the row.
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
