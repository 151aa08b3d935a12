import { inWords } from './failure.js';
import { html } from './html.js';

/**
 * Says what went wrong and what the user can do.
 * @param {{ failure: import('./failure.js').Failure, onAgain?: () => void, onKey?: () => void }} props
 */
export function Notice({ failure, onAgain, onKey }) {
  return html`<div class="notice" role="alert">
    <p>${inWords(failure)}</p>
    ${
      failure.kind === 'key'
        ? onKey && html`<button type="button" onClick=${onKey}>Enter the key</button>`
        : failure.kind !== 'invalid' && onAgain && html`<button type="button" onClick=${onAgain}>Try again</button>`
    }
  </div>`;
}
