import { useEffect, useState } from 'preact/hooks';
import { Dialog } from './dialog.js';
import { asFailure } from './failure.js';
import { counted, number } from './format.js';
import { html } from './html.js';
import { Notice } from './notice.js';
import { Panel } from './panel.js';
import { Time } from './time.js';

/** @typedef {import('./api.js').Rejection} Rejection */

const REASONS = new Map([
  ['missing_header', 'No signature'],
  ['malformed_signature', 'Signature in another form'],
  ['wrong_digest', 'Wrong signature'],
  ['stale_timestamp', 'Timestamp too far off'],
  ['too_large', 'Body too large'],
  ['media_type', 'Wrong media type'],
  ['malformed_json', 'Broken JSON'],
  ['schema', 'Not what the contract asks for'],
]);

/**
 * The latest rejected webhooks, with advice for their senders.
 * @param {{ read: import('./use-read.js').Read<import('./api.js').RejectionList>, api: import('./api.js').Api }} props
 */
export function Rejections({ read, api }) {
  const [isOpen, setOpen] = useState(false);
  const total = read.data?.total ?? 0;
  const aside =
    total > 0 &&
    html`<button type="button" class="plain link" onClick=${() => setOpen(true)}>All ${number(total)}…</button>`;
  return html`<${Panel} title="Last rejections" read=${read} aside=${aside}>
      ${(/** @type {import('./api.js').RejectionList} */ { data }) =>
        data.length === 0
          ? html`<p class="muted">No webhook was refused.</p>`
          : html`<ul class="rejections">
              ${data.map((one) => html`<li key=${one.id}><${Reason} rejection=${one} /></li>`)}
            </ul>`}
    <//>
    ${isOpen && html`<${AllRejections} api=${api} onClose=${() => setOpen(false)} />`}`;
}

/** @param {{ rejection: Rejection }} props */
function Reason({ rejection: { ts, provider, reason, detail, diagnosis } }) {
  return html`<p>
      <strong>${REASONS.get(reason) ?? reason}</strong> <span class="muted">${provider} · <${Time} ts=${ts} /></span>
    </p>
    ${diagnosis !== null && html`<p>${diagnosis.advice}</p>`}
    ${detail !== null && html`<p class="muted" dir="auto">${detail}</p>`}`;
}

/** @param {{ api: import('./api.js').Api, onClose: () => void }} props */
function AllRejections({ api, onClose }) {
  const [rows, setRows] = useState(/** @type {readonly Rejection[]} */ ([]));
  const [cursor, setCursor] = useState(/** @type {string | null | undefined} */ (undefined));
  const [failure, setFailure] = useState(/** @type {import('./failure.js').Failure | null} */ (null));
  const [isLoading, setLoading] = useState(false);

  async function more() {
    setLoading(true);
    setFailure(null);
    try {
      const query = { limit: 50, cursor: cursor ?? null };
      const page = await /** @type {Promise<import('./api.js').RejectionList>} */ (api.json('/rejections', { query }));
      setRows((last) => [...last, ...page.data]);
      setCursor(page.next_cursor);
    } catch (error) {
      setFailure(asFailure(error));
    }
    setLoading(false);
  }
  useEffect(() => void more(), []);

  return html`<${Dialog} title="Refused webhooks" kind="side" onClose=${onClose}>
    <ul class="rejections">
      ${rows.map(
        (one) =>
          html`<li key=${one.id}>
            <${Reason} rejection=${one} />
            <dl class="fields">
              <dt>Request</dt>
              <dd><code>${one.request_id}</code></dd>
              <dt>Body</dt>
              <dd>
                ${counted(one.body_bytes, 'byte')}${one.body_sha256 !== null && html`, SHA-256 <code>${one.body_sha256}</code>`}
              </dd>
              <dt>Headers</dt>
              <dd dir="auto">${one.header_names.join(', ')}</dd>
              ${
                one.excerpt !== null &&
                html`<dt>Excerpt</dt>
                  <dd><pre dir="auto">${one.excerpt}</pre></dd>`
              }
            </dl>
          </li>`,
      )}
    </ul>
    ${failure && html`<${Notice} failure=${failure} onAgain=${more} />`}
    ${isLoading && html`<p class="muted" role="status">Loading…</p>`}
    ${
      !isLoading &&
      failure === null &&
      (cursor === null
        ? html`<p class="muted">These are all that are kept.</p>`
        : html`<button type="button" onClick=${more}>More</button>`)
    }
  <//>`;
}
