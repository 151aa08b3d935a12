const NAME = 'webhook-inbox.read-key';

/**
 * The read key of this visit. It stays in memory until the page is closed. If the user chooses to keep it in this tab, it
 * survives a reload, but not the tab.
 */
export const readKey = {
  /** @returns {string | null} */
  kept: () => sessionStorage.getItem(NAME),

  /** @param {string} key */
  keep(key) {
    sessionStorage.setItem(NAME, key);
  },

  forget() {
    sessionStorage.removeItem(NAME);
  },
};

/**
 * Returns whether a header can carry the key; a text that cannot be sent is not a key.
 * @param {string} key
 */
export function isSendable(key) {
  return /^[\x21-\x7e]+$/.test(key);
}
