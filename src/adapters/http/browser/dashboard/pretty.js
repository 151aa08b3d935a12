/**
 * Formats a body as readable lines. It changes only whitespace: numbers, escapes and repeated names stay as they were sent,
 * whereas JSON.parse would change them.
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

/** A string, a bracket or another delimiter with the whitespace around it, or the text between them. */
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

/**
 * Deeper than any provider's messages. Without a limit, some kilobytes of brackets would exceed the maximum length of a
 * string.
 */
const DEEPEST = 20;

/** @param {number} depth */
function newline(depth) {
  return `\n${'  '.repeat(Math.min(depth, DEEPEST))}`;
}
