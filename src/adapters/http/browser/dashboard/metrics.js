/**
 * What became of webhooks since the process began, out of its metrics in Prometheus' text format.
 * @param {string} text
 * @returns {{ startedAt: Date | null, outcomes: { result: string, count: number }[] }} most first
 */
export function parseOutcomes(text) {
  const outcomes = [];
  let startedAt = null;
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
    if (name === 'process_start_time_seconds') startedAt = new Date(Number(value) * 1_000);
    if (name !== 'webhook_requests_total') continue;
    const [, result] = RESULT.exec(labels) ?? [];
    if (result !== undefined) outcomes.push({ result: unescaped(result), count: Number(value) });
  }
  outcomes.sort((a, b) => b.count - a.count);
  return { startedAt, outcomes };
}

/** A quoted value may contain any character, even braces. */
const SAMPLE = /^(\w+)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (\S+)/;
const RESULT = /(?:^|,)result="((?:[^"\\]|\\.)*)"/;

/** @param {string} value */
function unescaped(value) {
  return value.replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character));
}
