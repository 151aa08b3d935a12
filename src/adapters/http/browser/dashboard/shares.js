import { number, percent } from './format.js';
import { html } from './html.js';

/**
 * Counts of a whole as a table, each with a bar of its share.
 * @param {{ label: string, heads: [string, string], rows: readonly { key: string, name: unknown, count: number }[], total: number }} props
 */
export function Shares({ label, heads, rows, total }) {
  const most = Math.max(1, ...rows.map(({ count }) => count));
  return html`<table class="shares" aria-label=${label}>
    <thead class="hidden">
      <tr>
        ${heads.map((head) => html`<th scope="col">${head}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        ({ key, name, count }) =>
          html`<tr key=${key}>
            <th scope="row">
              ${name}
              <span class="share" style=${{ width: `${(100 * count) / most}%` }}></span>
            </th>
            <td title=${total === 0 ? '' : percent(count / total)}>${number(count)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}
