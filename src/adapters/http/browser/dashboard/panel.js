import { html } from './html.js';
import { Notice } from './notice.js';

/**
 * A part of the page that shows the result of a read: its data, the failure, or both if the data is outdated.
 * @template T
 * @param {{ title: string, class?: string, read: import('./use-read.js').Read<T>, aside?: unknown, children: (data: T) => unknown }} props
 */
export function Panel({ title, class: kind = '', read: { data, failure, again }, aside, children }) {
  const id = `panel-${title.toLowerCase().replaceAll(' ', '-')}`;
  return html`<section class="panel ${kind}" aria-labelledby=${id}>
    <header>
      <h2 id=${id}>${title}</h2>
      ${aside}
    </header>
    ${
      data === null
        ? failure === null
          ? html`<p class="muted">Loading…</p>`
          : failure.kind === 'key'
            ? html`<p class="muted">A read key is needed.</p>`
            : html`<${Notice} failure=${failure} onAgain=${again} />`
        : children(data)
    }
    ${data !== null && failure !== null && html`<p class="stale" role="status">Not up to date: no answer at the last try.</p>`}
  </section>`;
}
