const NAME = 'webhook-inbox.read-key';

/**
 * The read key of this visit. It stays in memory, and is gone with the page, unless whoever enters it wants it kept in this tab:
 * then it survives a reload, but not the tab.
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
 * Whether a header can carry it at all; what cannot be sent is no key.
 * @param {string} key
 */
export function isSendable(key) {
  return /^[\x21-\x7e]+$/.test(key);
}
