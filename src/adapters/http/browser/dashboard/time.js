import { clock, local, utc } from './format.js';
import { html } from './html.js';

/**
 * Shows an instant in the user's time zone; the title contains the value on the wire.
 * @param {{ ts: string, short?: boolean }} props short: without the day
 */
export function Time({ ts, short = false }) {
  return html`<time datetime=${ts} title=${utc(ts)}>${short ? clock(ts) : local(ts)}</time>`;
}
