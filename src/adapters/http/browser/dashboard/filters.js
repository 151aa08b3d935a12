import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { fromLocalInput, toLocalInput } from './format.js';
import { html } from './html.js';

/** Searches with at least this many characters use the index. Shorter ones start only when the user presses Enter. */
const INDEXED = 3;
const TYPING_MS = 300;

/** @typedef {{ currentTarget: HTMLInputElement }} InputEvent */

/**
 * What the table is narrowed by.
 * @param {{ place: import('./place.js').Place, go: import('./use-place.js').Go, isFiltered: boolean }} props
 */
export function Filters({ place, go, isFiltered }) {
  const [text, setText] = useDraft(place.q);
  const [sender, setSender] = useDraft(place.from);

  useEffect(() => {
    if (text === place.q || (text !== '' && text.trim().length < INDEXED)) return;
    const timer = setTimeout(() => go({ q: text }, place.q === '' ? 'push' : 'replace'), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, place.q]);

  /** @param {Event} event */
  function onSubmit(event) {
    event.preventDefault();
    go({ q: text, from: phoneNumber(sender) });
  }
  /** @param {'since' | 'until'} name */
  const instantInput = (name) =>
    html`<input
      type="datetime-local"
      step="1"
      max="9999-12-31T23:59:59"
      value=${toLocalInput(place[name])}
      onChange=${(/** @type {InputEvent} */ { currentTarget }) => go({ [name]: fromLocalInput(currentTarget.value) })}
    />`;

  return html`<form class="filters" role="search" aria-label="Messages" onSubmit=${onSubmit}>
    <label class="text">
      Text
      <input
        id="search"
        type="search"
        maxlength="256"
        dir="auto"
        autocomplete="off"
        spellcheck="false"
        placeholder="contains… ( / )"
        aria-describedby="search-hint"
        value=${text}
        onInput=${(/** @type {InputEvent} */ { currentTarget }) => setText(currentTarget.value)}
      />
      <span
        id="search-hint"
        class=${text !== '' && text.trim().length < INDEXED && text !== place.q ? 'hint' : 'hidden'}
      >
        Enter searches for fewer than ${INDEXED} characters
      </span>
    </label>
    <label>
      From
      <input
        type="text"
        inputmode="tel"
        maxlength="32"
        autocomplete="off"
        placeholder="+14155550100"
        value=${sender}
        onInput=${(/** @type {InputEvent} */ { currentTarget }) => setSender(currentTarget.value)}
        onChange=${() => go({ from: phoneNumber(sender) })}
      />
    </label>
    <div>
      <label>Since ${instantInput('since')}</label>
      <label>Until ${instantInput('until')}</label>
      <button type="submit" class="hidden">Search</button>
      <button
        type="button"
        disabled=${!isFiltered && text === '' && sender === ''}
        onClick=${() => {
          setText('');
          setSender('');
          go({ q: '', from: '', since: '', until: '' });
        }}
      >
        Clear
      </button>
    </div>
  </form>`;
}

/**
 * Keeps the text that is being typed until the address changes.
 * @param {string} settled
 * @returns {[string, (draft: string) => void]}
 */
function useDraft(settled) {
  const [draft, setDraft] = useState(settled);
  useLayoutEffect(() => setDraft(settled), [settled]); // update at once, because the user may type more before the next frame
  return [draft, setDraft];
}

/** @param {string} typed as people write numbers @returns {string} as the service has them */
function phoneNumber(typed) {
  const plain = typed.replace(/[\s()./-]/g, '');
  return /^\d+$/.test(plain) ? `+${plain}` : plain;
}
