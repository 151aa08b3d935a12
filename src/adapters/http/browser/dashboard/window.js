/** Rows above and below what is seen, so that a quick turn of the wheel shows no gap. */
const MARGIN = 12;
/** Of a list that is out of sight its nearer end is in the document, for keys and screen readers to go on to. */
const LEAST = 2 * MARGIN;

/**
 * Which rows of a long list have to be in the document.
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
