import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { html } from './html.js';
import { Time } from './time.js';
import { clamp, visibleRows } from './window.js';

/** The table requests the next page if fewer rows than this follow the visible ones. */
const AHEAD = 40;

/**
 * @typedef {import('./api.js').Message} Message
 * @typedef {{ index: number, focus: boolean }} Active the row that keys act on, and whether it receives the focus
 */

/**
 * Rows of messages; only the visible rows are in the document. Each row links to its message. Tab reaches one of the links, and
 * arrow keys move from there.
 * @param {{ rows: readonly Message[], total: number | null, isBusy: boolean, active: Active, onActive: (active: Active) =>
 * void, onOpen: (index: number) => void, onEnd: () => void, linkTo: (message: Message) => string, }} props onEnd: called
 * when the last rows are near
 */
export function MessageTable({ rows, total, isBusy, active, onActive, onOpen, onEnd, linkTo }) {
  const body = useRef(/** @type {HTMLTableSectionElement | null} */ (null));
  const [{ first, end, rowHeight }, setWindow] = useState({ first: 0, end: 60, rowHeight: 36 });
  const reach = clamp(active.index, 0, rows.length - 1);

  useEffect(() => {
    let frame = 0;
    const measure = () => {
      frame = 0;
      const element = body.current;
      if (element === null) return;
      const height = element.querySelector('tr.message')?.getBoundingClientRect().height ?? rowHeight;
      const seen = visibleRows(rows.length, height, element.getBoundingClientRect().top, innerHeight);
      setWindow((last) =>
        last.first === seen.first && last.end === seen.end && last.rowHeight === height
          ? last
          : { ...seen, rowHeight: height },
      );
      if (seen.end + AHEAD > rows.length) onEnd();
    };
    const soon = () => {
      frame ||= requestAnimationFrame(measure);
    };
    measure();
    addEventListener('scroll', soon, { passive: true });
    addEventListener('resize', soon);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener('scroll', soon);
      removeEventListener('resize', soon);
    };
  });

  useLayoutEffect(() => {
    if (!active.focus || body.current === null) return;
    const link = body.current.querySelector(`tr[aria-rowindex="${reach + 2}"] a`);
    if (link instanceof HTMLElement) {
      link.focus({ preventScroll: true });
      link.closest('tr')?.scrollIntoView({ block: 'nearest' });
      onActive({ index: reach, focus: false });
    } else if (rows.length > 0) {
      // The row is not in the document yet; scrolling there renders it.
      scrollTo({ top: scrollY + body.current.getBoundingClientRect().top + reach * rowHeight - innerHeight / 2 });
    }
  }, [active, first, end]);

  const shown = rows.slice(first, end);
  return html`<table
    class="messages"
    role="table"
    aria-label="Messages"
    aria-rowcount=${total === null ? -1 : total + 1}
    aria-busy=${String(isBusy)}
  >
    <thead role="rowgroup">
      <tr role="row" aria-rowindex="1">
        ${['Time', 'From', 'To', 'Text'].map((name) => html`<th scope="col" role="columnheader">${name}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup" ref=${body}>
      <${Space} height=${first * rowHeight} />
      ${shown.map((message, i) => {
        const index = first + i;
        return html`<tr
          key=${index}
          class="message"
          role="row"
          aria-rowindex=${index + 2}
          onClick=${(/** @type {MouseEvent} */ event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey || String(getSelection()) !== '') return;
            event.preventDefault();
            onOpen(index);
          }}
        >
          <td role="cell" class="time">
            <a
              href=${linkTo(message)}
              tabindex=${index === reach ? 0 : -1}
              onFocus=${() => index !== reach && onActive({ index, focus: false })}
            >
              <${Time} ts=${message.ts} />
            </a>
          </td>
          <td role="cell" class="from">${message.from}</td>
          <td role="cell" class="to">${message.to}</td>
          <td role="cell" class="text">
            ${message.text === null ? html`<span class="muted">no text</span>` : html`<bdi class="line">${message.text}</bdi>`}
          </td>
        </tr>`;
      })}
      <${Space} height=${Math.max(0, rows.length - end) * rowHeight} />
    </tbody>
  </table>`;
}

/** Stands for rows that are not in the document. @param {{ height: number }} props */
function Space({ height }) {
  return html`<tr class="space" aria-hidden="true" style=${{ height: `${height}px` }}></tr>`;
}
