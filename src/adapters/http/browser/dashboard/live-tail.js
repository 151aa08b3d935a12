import { useEffect, useRef, useState } from 'preact/hooks';
import { counted, number } from './format.js';
import { html } from './html.js';
import { Time } from './time.js';

/** @typedef {import('./use-tail.js').Tail} Tail */

/** Screen readers hear of new messages at most this often. */
const ANNOUNCE_MS = 10_000;

/**
 * What the connection is like, in a word or two.
 * @param {Tail} tail
 */
export function tailWords({ state, paused }) {
  switch (state.kind) {
    case 'live':
      return paused ? 'Paused' : 'Live';
    case 'connecting':
      return 'Connecting…';
    case 'waiting':
      return 'Cut off, trying again';
    case 'ended':
      return state.failure.kind === 'key' ? 'Key needed' : 'Not available';
  }
}

/**
 * Shows messages as they arrive, the newest first.
 * @param {{ tail: Tail, onOpen: (message: import('./use-tail.js').TailMessage) => void }} props
 */
export function LiveTail({ tail, onOpen }) {
  const { rows, count, held, paused, toggle, state } = tail;
  return html`<section class="panel tail" aria-labelledby="panel-tail">
    <header>
      <h2 id="panel-tail">Live</h2>
      <span class="muted">${state.kind === 'live' ? `${number(count)} since opened` : tailWords(tail)}</span>
      <button type="button" aria-pressed=${String(paused)} onClick=${toggle}>
        ${paused ? `Continue${held > 0 ? ` (${number(held)} new)` : ''}` : 'Pause'}
      </button>
    </header>
    <${Announcement} count=${count} />
    ${
      rows.length === 0
        ? html`<p class="muted">${state.kind === 'live' ? 'Waiting for the next message…' : tailWords(tail)}</p>`
        : html`<ul class="scroll" tabindex="0" aria-label="The last messages that came in">
            ${rows.map(
              ({ key, message }) =>
                html`<li key=${key}>
                  <button type="button" class="plain" onClick=${() => onOpen(message)}>
                    <span class="muted"><${Time} ts=${message.ts} short /> ${message.from}</span>
                    <bdi class="line">${message.text ?? `(${message.type ?? 'no text'})`}</bdi>
                  </button>
                </li>`,
            )}
          </ul>`
    }
  </section>`;
}

/** @param {{ count: number }} props */
function Announcement({ count }) {
  const latest = useRef(count);
  const [said, setSaid] = useState({ upTo: count, words: '' });
  latest.current = count;
  useEffect(() => {
    const timer = setInterval(() => {
      const now = latest.current ?? 0;
      setSaid((last) => (now === last.upTo ? last : { upTo: now, words: counted(now - last.upTo, 'new message') }));
    }, ANNOUNCE_MS);
    return () => clearInterval(timer);
  }, []);
  return html`<p class="hidden" role="status">${said.words}</p>`;
}
