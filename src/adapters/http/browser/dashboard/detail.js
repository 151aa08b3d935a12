import { useMemo } from 'preact/hooks';
import { messagePath } from './api.js';
import { CopyButton } from './copy-button.js';
import { Dialog } from './dialog.js';
import { findMessage } from './find-message.js';
import { counted } from './format.js';
import { html } from './html.js';
import { Notice } from './notice.js';
import { pretty } from './pretty.js';
import { Time } from './time.js';
import { useRead } from './use-read.js';

/** Of a longer body only the beginning is drawn. */
const MOST_CHARACTERS = 100_000;

/**
 * @typedef {import('./api.js').MessageDetail} MessageDetail
 * @typedef {{ text: string, type: string }} RawBody
 */

/**
 * Shows one message with all its data, and the body of its delivery.
 * @param {{ api: import('./api.js').Api, id: string, provider: string, row: import('./api.js').Message | null, before:
 * number, hasShortcuts: boolean, onClose: () => void, onStep: ((by: 1 | -1) => void) | null, }} props row: the message in
 * the table; before: number of rows above it with the same id; onStep: moves to the next or previous message
 */
export function Detail({ api, id, provider, row, before, hasShortcuts, onClose, onStep }) {
  const message = useRead((signal) => findMessage(api, { id, provider, row }, signal), [api, id, provider, before], 0);
  const owner = message.data?.provider ?? '';
  const raw = useRead(async (signal) => (owner === '' ? null : rawBody(api, id, owner, signal)), [api, id, owner], 0);

  /** @param {KeyboardEvent} event */
  function onKeyDown(event) {
    if (!hasShortcuts || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'j') onStep?.(1);
    if (event.key === 'k') onStep?.(-1);
  }

  return html`<${Dialog}
    title="Message"
    kind="side"
    onClose=${onClose}
    onKeyDown=${onKeyDown}
    actions=${
      onStep &&
      html`<button type="button" class="plain" aria-label="Newer message" title=${hasShortcuts ? 'Newer (k)' : 'Newer'} onClick=${() => onStep(-1)}>
          ↑
        </button>
        <button type="button" class="plain" aria-label="Older message" title=${hasShortcuts ? 'Older (j)' : 'Older'} onClick=${() => onStep(1)}>
          ↓
        </button>`
    }
  >
    ${
      message.data
        ? html`<${Fields} message=${message.data} />`
        : message.failure
          ? html`<${Notice} failure=${message.failure} onAgain=${message.again} />`
          : html`<p class="muted" role="status">Loading…</p>`
    }
    ${
      message.data &&
      html`<section>
        <header>
          <h3>Body as received</h3>
          ${raw.data && html`<${CopyButton} text=${raw.data.text} what="the body as received" />`}
        </header>
        ${
          raw.data
            ? html`<${Body} raw=${raw.data} />`
            : raw.failure
              ? raw.failure.kind === 'missing'
                ? html`<p class="muted">It was not kept.</p>`
                : html`<${Notice} failure=${raw.failure} onAgain=${raw.again} />`
              : html`<p class="muted">Loading…</p>`
        }
      </section>`
    }
  <//>`;
}

/** @param {{ message: MessageDetail }} props */
function Fields({ message }) {
  const {
    message_id: id,
    from,
    to,
    ts,
    text,
    provider,
    type,
    status,
    received_at: receivedAt,
    trace_id: traceId,
  } = message;
  return html`<section class="words">
      <header>
        <h3>Text</h3>
        ${text !== null && html`<${CopyButton} text=${text} what="the text" />`}
      </header>
      ${text === null ? html`<p class="muted">It has none.</p>` : html`<p class="full" dir="auto">${text}</p>`}
    </section>
    <dl class="fields">
      <dt>Id</dt>
      <dd>
        <bdi><code>${id}</code></bdi> <${CopyButton} text=${id} what="the id" />
      </dd>
      <dt>From</dt>
      <dd>${from} <${CopyButton} text=${from} what="the sender" /></dd>
      <dt>To</dt>
      <dd>${to} <${CopyButton} text=${to} what="the recipient" /></dd>
      <dt>Sent</dt>
      <dd><${Time} ts=${ts} /></dd>
      ${
        receivedAt !== null &&
        receivedAt !== undefined &&
        html`<dt>Received</dt>
          <dd><${Time} ts=${receivedAt} /></dd>`
      }
      <dt>Provider</dt>
      <dd>${provider}</dd>
      <dt>Type</dt>
      <dd dir="auto">${type}</dd>
      <dt>Status</dt>
      <dd>
        ${status === null ? html`<span class="muted">not reported</span>` : html`<bdi>${status.state}</bdi>, <${Time} ts=${status.ts} />`}
      </dd>
      ${
        traceId !== null &&
        traceId !== undefined &&
        html`<dt>Trace</dt>
          <dd><code>${traceId}</code> <${CopyButton} text=${traceId} what="the trace id" /></dd>`
      }
    </dl>`;
}

/** @param {{ raw: RawBody }} props */
function Body({ raw: { text, type } }) {
  const lines = useMemo(() => pretty(text, type), [text, type]); // new messages redraw the page meanwhile
  return html`<p class="muted">${type}, ${counted(text.length, 'character')}</p>
    <pre class="body" dir="auto" tabindex="0" role="region" aria-label="Body as received">
${lines.slice(0, MOST_CHARACTERS)}</pre>
    ${lines.length > MOST_CHARACTERS && html`<p class="muted">This is the beginning; Copy copies all of it.</p>`}`;
}

/**
 * @param {import('./api.js').Api} api
 * @param {string} id
 * @param {string} provider
 * @param {AbortSignal} signal
 * @returns {Promise<RawBody>}
 */
async function rawBody(api, id, provider, signal) {
  const response = await api.request(`${messagePath(id)}/raw`, { query: { provider }, signal });
  return { text: await response.text(), type: response.headers.get('Content-Type') ?? '' };
}
