import { useState } from 'preact/hooks';
import { createApi } from './api.js';
import { Dialog } from './dialog.js';
import { asFailure, inWords } from './failure.js';
import { html } from './html.js';
import { isSendable } from './read-key.js';

/**
 * Asks for the read key, and tests it before accepting it.
 * @param {{ wasRefused: boolean, onKey: (key: string, keep: boolean) => void, onClose: () => void }} props
 */
export function KeyDialog({ wasRefused, onKey, onClose }) {
  const [fault, setFault] = useState(wasRefused ? 'The service no longer takes the key that was used.' : '');
  const [isTrying, setTrying] = useState(false);

  /** @param {SubmitEvent} event */
  async function onSubmit(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const key = String(form.get('key')).trim();
    setTrying(true);
    setFault('');
    const why = await whyNot(key);
    setTrying(false);
    if (why === '') onKey(key, form.get('keep') !== null);
    else setFault(why);
  }

  return html`<${Dialog} title="Read key" kind="box" onClose=${onClose}>
    <form onSubmit=${onSubmit} autocomplete="off">
      <p>This service shows messages only to who has one of its <code>READ_API_KEYS</code>.</p>
      <label>
        Key
        <input
          name="key"
          type="password"
          required
          autofocus
          autocomplete="off"
          spellcheck="false"
          maxlength="4096"
          aria-describedby="key-fault"
        />
      </label>
      <p id="key-fault" class="fault" role="alert">${fault}</p>
      <label class="check"><input name="keep" type="checkbox" /> Keep it until this tab is closed</label>
      <p class="muted">Otherwise it is gone when the page is reloaded. It is sent to this service only.</p>
      <button type="submit" class="main" disabled=${isTrying}>${isTrying ? 'Trying…' : 'Use this key'}</button>
    </form>
  <//>`;
}

/** @param {string} key @returns {Promise<string>} empty if the key is valid */
async function whyNot(key) {
  const wrong = 'This is not one of the keys of this service.';
  if (!isSendable(key)) return wrong;
  try {
    await createApi(key, () => undefined).json('/stats');
    return '';
  } catch (error) {
    const failure = asFailure(error);
    return failure.kind === 'key' ? wrong : inWords(failure);
  }
}
