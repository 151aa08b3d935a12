import { useState } from 'preact/hooks';
import { bucketName, compact, counted, number, utc } from './format.js';
import { html } from './html.js';
import { Panel } from './panel.js';
import { ceiling, endOf, instant, periodOf } from './periods.js';
import { BUCKETS } from './place.js';
import { clamp } from './window.js';

/**
 * @typedef {import('./api.js').Timeseries} Timeseries
 * @typedef {import('./place.js').Place} Place
 * @typedef {import('./use-place.js').Go} Go
 */

const LABELS = { minute: 'Minutes', hour: 'Hours', day: 'Days' };

/**
 * Messages of all senders over time; counting those of one sender would mean reading them. A bar is a button that shows its
 * messages; arrow keys move between bars.
 * @param {{ read: import('./use-read.js').Read<Timeseries>, latest: string | null, place: Place, go: Go }} props latest:
 * instant of the latest message
 */
export function Chart({ read, latest, place, go }) {
  const { bucket, end } = place;
  const { ms, count, stretch } = periodOf(bucket);
  const first = read.data?.data[0];
  const earlier = first && instant(Date.parse(first.ts));
  const later = end === '' ? '' : instant(Date.parse(end) + ms * count);

  return html`<${Panel}
    title="Messages over time"
    class="chart"
    read=${read}
    aside=${html`<div class="group" role="group" aria-label="Bars of">
        ${BUCKETS.map(
          (name) =>
            html`<button
              type="button"
              aria-pressed=${String(name === bucket)}
              onClick=${() => go({ bucket: name, end: '' })}
            >
              ${LABELS[name]}
            </button>`,
        )}
      </div>
      <div class="group" role="group" aria-label="Time shown">
        <button
          type="button"
          disabled=${!earlier}
          aria-label="Earlier ${stretch}"
          title="Earlier ${stretch}"
          onClick=${() => go({ end: earlier ?? '' })}
        >
          ‹
        </button>
        <button
          type="button"
          disabled=${end === ''}
          aria-label="Later ${stretch}"
          title="Later ${stretch}"
          onClick=${() => go({ end: Date.parse(later) >= Date.now() ? '' : later })}
        >
          ›
        </button>
        <button type="button" disabled=${end === ''} onClick=${() => go({ end: '' })}>Now</button>
      </div>`}
  >
    ${(/** @type {Timeseries} */ series) => html`<${Bars} ...${{ series, latest, place, go }} />`}
  <//>`;
}

/** @param {{ series: Timeseries, latest: string | null, place: Place, go: Go }} props */
function Bars({ series: { bucket, data }, latest, place, go }) {
  const [looked, setLooked] = useState(/** @type {number | null} */ (null));
  const [stop, setStop] = useState(/** @type {number | null} */ (null));
  const { ms, each, stretch } = periodOf(bucket);
  const total = data.reduce((sum, { count }) => sum + count, 0);
  const most = Math.max(0, ...data.map(({ count }) => count));
  const top = ceiling(most);
  const reach = clamp(stop ?? data.length - 1, 0, data.length - 1);

  /** @param {number} i */
  const period = (i) => {
    const ts = data[i]?.ts ?? '';
    return { since: ts, until: instant(Date.parse(ts) + ms) };
  };
  /** @param {number} i */
  const isShown = (i) => place.since === period(i).since && place.until === period(i).until;
  /** @param {number} i */
  const show = (i) => go(isShown(i) ? { since: '', until: '' } : period(i));
  /** @param {number} i */
  const words = (i) => `${counted(data[i]?.count ?? 0, 'message')}, ${bucketName(bucket, data[i]?.ts ?? '')}`;

  /** @param {KeyboardEvent} event */
  function onKeyDown(event) {
    const next = { ArrowLeft: reach - 1, ArrowRight: reach + 1, Home: 0, End: data.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const to = clamp(next, 0, data.length - 1);
    setStop(to);
    const bars = /** @type {HTMLElement} */ (event.currentTarget).querySelectorAll('button');
    bars[to]?.focus();
  }

  const range = place.end === '' ? `the last ${stretch}` : stretch;
  return html`<p class="readout">
      ${
        looked !== null && data[looked] !== undefined
          ? html`<strong>${words(looked)}</strong>`
          : html`<strong>${counted(total, 'message')}</strong>${` in ${range}, at most ${number(most)} in one ${each}`}`
      }
    </p>
    <div class="plot">
      <div class="axis" aria-hidden="true">
        <span>${compact(top)}</span><span>${compact(top / 2)}</span><span>0</span>
      </div>
      <div
        class="bars"
        role="group"
        aria-label="Messages per ${each}; arrow keys go through the bars, Enter shows the messages of one"
        onKeyDown=${onKeyDown}
        onMouseLeave=${() => setLooked(null)}
      >
        ${data.map(
          ({ ts, count }, i) =>
            html`<button
              key=${ts}
              type="button"
              class="bar"
              tabindex=${i === reach ? 0 : -1}
              aria-label=${words(i)}
              aria-pressed=${String(isShown(i))}
              onClick=${() => show(i)}
              onMouseEnter=${() => setLooked(i)}
              onFocus=${() => {
                setStop(i);
                setLooked(i);
              }}
              onBlur=${() => setLooked(null)}
            >
              <span style=${{ height: `${(100 * count) / top}%` }}></span>
            </button>`,
        )}
      </div>
      <div class="times" aria-hidden="true">
        ${[0, 1, 2, 3].map((i) => html`<span>${bucketName(bucket, data[Math.floor(((data.length - 1) * i) / 3)]?.ts ?? '')}</span>`)}
      </div>
    </div>
    ${
      total === 0 &&
      latest !== null &&
      html`<p class="elsewhere muted">
        <span>Nothing in this time. The last message is of ${utc(latest)}.</span>
        <button type="button" class="plain link" onClick=${() => go({ end: endOf(bucket, Date.parse(latest)) })}>Go there</button>
      </p>`
    }
    <details>
      <summary>As a table</summary>
      <div class="scroll" tabindex="0" role="region" aria-label="Messages over time as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">Start of the ${each}</th>
              <th scope="col">Messages</th>
            </tr>
          </thead>
          <tbody>
            ${data.map(
              ({ ts, count }, i) =>
                html`<tr key=${ts}>
                  <th scope="row">
                    <button type="button" class="plain link" title=${utc(ts)} onClick=${() => show(i)}>
                      ${bucketName(bucket, ts)}
                    </button>
                  </th>
                  <td>${number(count)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>`;
}
