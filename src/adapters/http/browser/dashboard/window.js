/** Rows above and below the visible ones, so that fast scrolling shows no gap. */
const MARGIN = 12;
/** Rows of an invisible list that stay in the document at its nearer end, so that keys and screen readers can reach it. */
const LEAST = 2 * MARGIN;

/**
 * Returns which rows of a long list must be in the document.
 * @param {number} count of the whole list
 * @param {number} rowHeight px
 * @param {number} top of the list relative to that of the viewport, px: negative when scrolled past
 * @param {number} height of the viewport, px
 * @returns {{ first: number, end: number }} end is exclusive
 */
export function visibleRows(count, rowHeight, top, height) {
  const first = Math.floor(-top / rowHeight) - MARGIN;
  const end = Math.ceil((height - top) / rowHeight) + MARGIN;
  return { first: clamp(first, 0, Math.max(0, count - LEAST)), end: clamp(end, Math.min(LEAST, count), count) };
}

/** @param {number} value @param {number} least @param {number} most */
export function clamp(value, least, most) {
  return Math.min(Math.max(value, least), most);
}
