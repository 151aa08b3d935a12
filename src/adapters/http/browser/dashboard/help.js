import { Dialog } from './dialog.js';
import { html } from './html.js';

/** @type {readonly [string, string][]} */
const KEYS = [
  ['/', 'search'],
  ['j or ↓', 'next message, older'],
  ['k or ↑', 'message before, newer'],
  ['Enter', 'open it'],
  ['Esc', 'close what is open'],
  ['← → Home End', 'through the bars of the chart'],
  ['?', 'this list'],
];

/** @param {{ hasShortcuts: boolean, onShortcuts: (on: boolean) => void, onClose: () => void }} props */
export function Help({ hasShortcuts, onShortcuts, onClose }) {
  return html`<${Dialog} title="Keys" kind="box" onClose=${onClose}>
    <dl class="fields keys">
      ${KEYS.map(
        ([key, meaning]) =>
          html`<dt><kbd>${key}</kbd></dt>
            <dd>${meaning}</dd>`,
      )}
    </dl>
    <label class="check">
      <input
        type="checkbox"
        checked=${hasShortcuts}
        onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ { currentTarget }) => onShortcuts(currentTarget.checked)}
      />
      Single keys do something
    </label>
    <p class="muted">Times are those of your clock; their titles say them in UTC. Bars are hours and days of UTC.</p>
  <//>`;
}
