import { clock, local, utc } from './format.js';
import { html } from './html.js';

/**
 * An instant as the reader's clock has it; the title has it as it is on the wire.
 * @param {{ ts: string, short?: boolean }} props short: without the day
 */
export function Time({ ts, short = false }) {
  return html`<time datetime=${ts} title=${utc(ts)}>${short ? clock(ts) : local(ts)}</time>`;
}
