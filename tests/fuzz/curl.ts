import type { Attempt } from './attempts.ts';

/** A command for bash that sends the request byte for byte and shows the whole answer. */
export function curlOf(origin: string, { method, target, headers, body }: Attempt): string {
  const sent = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const lines = [...sent].map(([name, value]) =>
    value === '' ? `-H '${name};'` : `-H ${quoted(`${name}: ${value}`)}`,
  );
  // What curl would add by itself.
  for (const name of body === null ? ['accept', 'user-agent'] : ['accept', 'user-agent', 'content-type']) {
    if (!sent.has(name)) lines.push(`-H '${name}:'`);
  }
  const how = method === 'HEAD' ? '--head' : `-i -X ${method}`;
  // A stream does not end by itself.
  const long = method === 'GET' && /^\/messages\/stream(\?|$)/.test(target) ? ' --max-time 1' : '';
  const curl = [`curl -sS${long} --path-as-is -g ${how} ${quoted(origin + target)}`, ...lines];
  if (body === null) return curl.join(' \\\n  ');
  return `base64 -d <<< '${body.toString('base64')}' |\n${[...curl, '--data-binary @-'].join(' \\\n  ')}`;
}

/** Header values are bytes: what is no printable ASCII is written as such. */
function quoted(word: string): string {
  if (/^[ -~]*$/.test(word)) return `'${word.replaceAll("'", String.raw`'\''`)}'`;
  const bytes = [...Buffer.from(word, 'latin1')];
  return `$'${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}'`;
}
