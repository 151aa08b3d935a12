/**
 * A body as lines to read. Only whitespace differs from what came: numbers, escapes and repeated names stay as they were sent,
 * which a detour by JSON.parse would change.
 * @param {string} body
 * @param {string} mediaType
 */
export function pretty(body, mediaType) {
  if (mediaType.startsWith('application/x-www-form-urlencoded')) return body.replaceAll('&', '&\n');
  return isJson(body) ? indented(body) : body;
}

/** @param {string} body */
function isJson(body) {
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}

/** A string, a bracket or another mark with the whitespace around it, or what stands between those. */
const TOKEN = /"(?:[^"\\]|\\.)*"|\s*([[\]{},:])\s*|[^\s"[\]{},:]+/g;

/** @param {string} json valid */
function indented(json) {
  let depth = 0;
  let last = '';
  const lines = json.trim().replace(TOKEN, (token, mark = '') => {
    const wasOpened = last === '{' || last === '[';
    last = mark;
    switch (mark) {
      case '{':
      case '[':
        depth += 1;
        return (wasOpened ? newline(depth - 1) : '') + mark;
      case '}':
      case ']':
        depth -= 1;
        return (wasOpened ? '' : newline(depth)) + mark;
      case ',':
        return mark + newline(depth);
      case ':':
        return ': ';
      default:
        return (wasOpened ? newline(depth) : '') + token;
    }
  });
  return lines;
}

/** Deeper than any provider's messages. Without an end, some kilobytes of brackets would become more than a string can hold. */
const DEEPEST = 20;

/** @param {number} depth */
function newline(depth) {
  return `\n${'  '.repeat(Math.min(depth, DEEPEST))}`;
}
