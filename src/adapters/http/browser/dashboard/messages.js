import { useEffect, useState } from 'preact/hooks';
import { Detail } from './detail.js';
import { Filters } from './filters.js';
import { counted, number } from './format.js';
import { html } from './html.js';
import { MessageTable } from './message-table.js';
import { Notice } from './notice.js';
import { filtersOf, isFiltered, writePlace } from './place.js';
import { useMessages } from './use-messages.js';
import { clamp } from './window.js';

/**
 * The stored messages, the newest first. The user can search, filter, browse and open them.
 * @param {{ api: import('./api.js').Api, place: import('./place.js').Place, go: import('./use-place.js').Go, arrived:
 * number, missed: number, hasShortcuts: boolean, onKey: () => void, }} props arrived: messages received while the page was
 * open; missed: number of times that some may have been missed
 */
export function Messages({ api, place, go, arrived, missed, hasShortcuts, onKey }) {
  const messages = useMessages(api, filtersOf(place));
  const { rows, total, isLoading, isWhole, failure } = messages;
  const [active, setActive] = useState({ index: 0, focus: false });
  const [known, setKnown] = useState(arrived);
  const filtered = isFiltered(place);

  // Messages that arrive after the request of the first page are not in it.
  const begin = () => setKnown(arrived);
  useEffect(begin, [api, place.q, place.from, place.since, place.until]);
  useEffect(() => {
    if (missed > 0) refresh();
  }, [missed]);
  const news = filtered ? 0 : arrived - known;
  useEffect(() => {
    if (news > 0 && total === 0) refresh(); // the first ones of all need no click
  }, [news, total]);
  function refresh() {
    begin();
    messages.again();
  }

  // Several rows may have the same id; the one opened last is meant.
  /** @param {import('./api.js').Message | undefined} row */
  const isOpened = (row) => row?.message_id === place.message;
  const opened = isOpened(rows[active.index]) ? active.index : rows.findIndex(isOpened);
  /** @param {number} index @param {'push' | 'replace'} how */
  function open(index, how) {
    const row = rows[index];
    if (row === undefined) return;
    setActive({ index, focus: false });
    go({ message: row.message_id, provider: '' }, how);
  }
  function close() {
    go({ message: '', provider: '' });
    // The live tail restores the focus by itself.
    if (opened !== -1 && place.provider === '') setActive({ index: opened, focus: true });
  }
  /** @param {number} by */
  function step(by) {
    setActive(({ index }) => ({ index: clamp(index + by, 0, rows.length - 1), focus: true }));
  }

  useEffect(() => {
    /** @param {KeyboardEvent} event */
    function onKeyDown(event) {
      if (event.defaultPrevented || isElsewhere(event)) return;
      const isInTable = event.target instanceof Element && event.target.closest('table.messages') !== null;
      // Without arrow keys, users without a mouse could reach only one row.
      if (isInTable && event.key === 'ArrowDown') step(1);
      else if (isInTable && event.key === 'ArrowUp') step(-1);
      else if (!hasShortcuts) return;
      else if (event.key === 'j') step(isInTable ? 1 : 0);
      else if (event.key === 'k') step(isInTable ? -1 : 0);
      else if (event.key === '/') document.getElementById('search')?.focus();
      else return;
      event.preventDefault();
    }
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [rows, hasShortcuts]);

  return html`<section class="panel list" id="messages" aria-labelledby="panel-messages" tabindex="-1">
    <header>
      <h2 id="panel-messages">Messages</h2>
      <span class="muted" role="status">
        ${total === null ? '' : filtered ? counted(total, 'match', 'matches') : `${number(total)} in all`}
      </span>
      <button type="button" onClick=${refresh}>${news > 0 ? `Show ${counted(news, 'new one')}` : 'Refresh'}</button>
    </header>
    <${Filters} place=${place} go=${go} isFiltered=${filtered} />
    ${
      rows.length > 0 &&
      html`<${MessageTable}
        rows=${rows}
        total=${total}
        isBusy=${isLoading}
        active=${active}
        onActive=${setActive}
        onOpen=${(/** @type {number} */ index) => open(index, 'push')}
        onEnd=${() => failure === null && messages.more()}
        linkTo=${(/** @type {import('./api.js').Message} */ { message_id: message }) => writePlace({ ...place, message, provider: '' })}
      />`
    }
    ${
      failure
        ? html`<${Notice}
            failure=${failure}
            onAgain=${rows.length > 0 ? messages.more : messages.again}
            onKey=${onKey}
          />`
        : isLoading
          ? html`<p class="muted end" role="status">Loading…</p>`
          : rows.length === 0
            ? html`<${Nothing} filtered=${filtered} />`
            : isWhole &&
              html`<p class="muted end">${filtered ? 'No more matches.' : 'This is the first message of all.'}</p>`
    }
    ${
      place.message !== '' &&
      html`<${Detail}
        api=${api}
        id=${place.message}
        provider=${place.provider}
        row=${rows[opened] ?? null}
        before=${rows.slice(0, opened).filter(isOpened).length}
        hasShortcuts=${hasShortcuts}
        onClose=${close}
        onStep=${opened === -1 ? null : (/** @type {number} */ by) => open(opened + by, 'replace')}
      />`
    }
  </section>`;
}

/** @param {{ filtered: boolean }} props */
function Nothing({ filtered }) {
  return filtered
    ? html`<p class="empty">No message matches. Take a filter away, or search for less of the text.</p>`
    : html`<div class="empty">
        <p>No message has come yet.</p>
        <p>Send one that is signed, for example from the folder of the project:</p>
        <pre>npm run -s cli -- send --count 10</pre>
        <p>or try <a href="/docs">the API</a> in the browser.</p>
      </div>`;
}

/** Returns whether a key is meant for something else: a field, a dialog or the browser. @param {KeyboardEvent} event */
export function isElsewhere({ ctrlKey, metaKey, altKey, target }) {
  return (
    ctrlKey ||
    metaKey ||
    altKey ||
    (target instanceof Element && target.closest('input, select, textarea, dialog') !== null)
  );
}
