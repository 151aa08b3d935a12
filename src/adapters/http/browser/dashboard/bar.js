import { number } from './format.js';
import { html } from './html.js';
import { tailWords } from './live-tail.js';
import { ThemeSwitch } from './theme.js';

/** @typedef {import('./api.js').Readiness} Readiness */

/** @type {Readonly<Record<string, string>>} */
const FAULTS = {
  'database unreachable': 'the database cannot be reached',
  'database unwritable': 'the database refuses writes',
  'schema outdated': 'migrations are pending',
  'schema unknown': 'the schema is of another version',
  'webhook_secret missing': 'no webhook secret is set',
};

/**
 * The head of the page: the state of the service and the controls of the whole page.
 * @param {{
 *   readiness: import('./use-read.js').Read<Readiness>, total: number | null, tail: import('./use-tail.js').Tail,
 *   hasKey: boolean, isLocked: boolean, onKey: () => void, onForget: () => void, onHelp: () => void,
 * }} props
 */
export function Bar({ readiness, total, tail, hasKey, isLocked, onKey, onForget, onHelp }) {
  const { mood, words } = health(readiness);
  return html`<header class="top">
    <a class="skip" href="#messages">Skip to the messages</a>
    <h1>webhook-inbox</h1>
    <p class="dot ${mood}" role="status">${words}</p>
    <p class="dot ${tail.state.kind === 'live' && !tail.paused ? 'good' : 'idle'}">${tailWords(tail)}</p>
    <p class="total">
      ${total === null ? '' : html`<strong>${number(total)}</strong> ${total === 1 ? 'message' : 'messages'}`}
    </p>
    <nav aria-label="Page">
      <a href="/docs">API</a>
      ${hasKey && html`<button type="button" onClick=${onForget}>Forget key</button>`}
      ${isLocked && html`<button type="button" class="main" onClick=${onKey}>Enter key</button>`}
      <${ThemeSwitch} />
      <button type="button" aria-label="Keys" title="Keys (?)" onClick=${onHelp}>?</button>
    </nav>
  </header>`;
}

/** @param {import('./use-read.js').Read<Readiness>} read */
function health({ data, failure }) {
  if (failure !== null) return { mood: 'bad', words: 'No answer from the service' };
  if (data === null) return { mood: 'idle', words: 'Asking…' };
  if (data.status === 'ready') return { mood: 'good', words: 'Ready' };
  if (data.status === 'stopping') return { mood: 'idle', words: 'Stopping' };
  const faults = Object.entries(data.checks).flatMap(([check, state]) =>
    state === 'ok' ? [] : [FAULTS[`${check} ${state}`] ?? `${check}: ${state}`],
  );
  return { mood: 'bad', words: `Not ready: ${faults.join(', ')}` };
}
