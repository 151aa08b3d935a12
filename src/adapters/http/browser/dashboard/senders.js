import { counted } from './format.js';
import { html } from './html.js';
import { Panel } from './panel.js';
import { Shares } from './shares.js';

/**
 * Who sent most of all. A click shows the messages of one.
 * @param {{ read: import('./use-read.js').Read<import('./api.js').Stats>, from: string, go: import('./use-place.js').Go }} props from: whose are shown now
 */
export function Senders({ read, from, go }) {
  const aside = read.data && html`<span class="muted">of ${counted(read.data.senders_count, 'sender')}</span>`;
  return html`<${Panel} title="Top senders" read=${read} aside=${aside}>
    ${(/** @type {import('./api.js').Stats} */ { messages_per_sender: senders, total_messages: total }) =>
      senders.length === 0
        ? html`<p class="muted">Nobody has sent anything yet.</p>`
        : html`<${Shares}
            label="Top senders"
            heads=${['Sender', 'Messages']}
            total=${total}
            rows=${senders.map(({ from: sender, count }) => ({
              key: sender,
              count,
              name: html`<button
                type="button"
                class="plain link"
                aria-pressed=${String(sender === from)}
                title="Show the messages of ${sender}"
                onClick=${() => go({ from: sender === from ? '' : sender })}
              >
                ${sender}
              </button>`,
            }))}
          />`}
  <//>`;
}
