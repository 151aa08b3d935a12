const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Returns the bodies in an input: its lines without line ends, unless the whole input is one document or is requested as
 * one body.
 */
export function bodiesIn(input: Buffer, whole: boolean): Buffer[] {
  if (whole) return [input];
  const found = lines(input).filter((line) => line.length > 0);
  return found.length > 1 && isJson(input) ? [input] : found;
}

function lines(input: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let start = 0; start < input.length;) {
    const newline = input.indexOf(NEWLINE, start);
    const end = newline === -1 ? input.length : newline;
    found.push(input.subarray(start, input[end - 1] === CARRIAGE_RETURN && end > start ? end - 1 : end));
    start = end + 1;
  }
  return found;
}

/** Several JSON Lines are not one document: the parser fails at the second line. */
function isJson(input: Buffer): boolean {
  try {
    JSON.parse(input.toString());
    return true;
  } catch {
    return false;
  }
}
