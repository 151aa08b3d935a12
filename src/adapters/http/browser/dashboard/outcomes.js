import { ago, local } from './format.js';
import { html } from './html.js';
import { Panel } from './panel.js';
import { Shares } from './shares.js';

/** What the operator calls them; others by their own name. */
const NAMES = new Map([
  ['created', 'Stored'],
  ['duplicate', 'Duplicate, stored before'],
  ['conflict', 'Conflict: same id, other content'],
  ['accepted', 'Taken, with no new message'],
  ['invalid_signature', 'Wrong or missing signature'],
  ['validation_error', 'Not valid'],
  ['too_many_requests', 'Too many from one address'],
  ['unavailable', 'Not now: busy or no database'],
  ['content_too_large', 'Body too large'],
  ['unsupported_media_type', 'Wrong media type'],
  ['bad_request', 'Broken off'],
  ['no_secret_configured', 'No secret to check it with'],
  ['internal_error', 'Fault of the service'],
]);

/**
 * What became of webhooks, by the metrics of the process that answered.
 * @param {{ read: import('./use-read.js').Read<ReturnType<typeof import('./metrics.js').parseOutcomes>> }} props
 */
export function Outcomes({ read }) {
  const startedAt = read.data?.startedAt ?? null;
  const aside =
    startedAt &&
    html`<span class="muted">
      since the start,${' '}
      <time datetime=${startedAt.toISOString()} title=${local(startedAt.toISOString())}>${ago(startedAt.getTime(), Date.now())}</time>
    </span>`;
  return html`<${Panel} title="Outcomes" read=${read} aside=${aside}>
    ${(/** @type {ReturnType<typeof import('./metrics.js').parseOutcomes>} */ { outcomes }) => {
      const rows = outcomes.filter(({ count }) => count > 0);
      return rows.length === 0
        ? html`<p class="muted">No webhook has come since.</p>`
        : html`<${Shares}
            label="Outcomes of webhooks"
            heads=${['Outcome', 'Webhooks']}
            total=${rows.reduce((sum, { count }) => sum + count, 0)}
            rows=${rows.map(({ result, count }) => ({ key: result, name: NAMES.get(result) ?? result.replaceAll('_', ' '), count }))}
          />`;
    }}
  <//>`;
}
