/** Rows above and below what is seen, so that a quick turn of the wheel shows no gap. */
const MARGIN = 12;

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
  return { first: clamp(first, 0, count), end: clamp(end, 0, count) };
}

/** @param {number} value @param {number} least @param {number} most */
export function clamp(value, least, most) {
  return Math.min(Math.max(value, least), most);
}
