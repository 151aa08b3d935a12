/** What a request is made of, one by one, for whoever looks where it turns up. */

/** Decoded, and as they were sent. */
export function valuesOfForm(form: string): string[] {
  const raw = form.split('&').map((pair) => pair.slice(pair.indexOf('=') + 1));
  return [...raw, ...new URLSearchParams(form).values()];
}

interface Value {
  readonly name: string;
  readonly value: string;
}

/** Of JSON the strings and numbers, of a form its values; of anything else all of it. */
export function valuesOfBody(text: string): Value[] {
  try {
    return leavesOf(JSON.parse(text));
  } catch {
    const whole = { name: '', value: text };
    return text.includes('=') ? [whole, ...valuesOfForm(text).map((value) => ({ name: '', value }))] : [whole];
  }
}

/** However deep it nests. */
function leavesOf(root: unknown): Value[] {
  const leaves: Value[] = [];
  const nodes = [{ name: '', value: root }];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    const { name, value } = node;
    if (typeof value === 'string' || typeof value === 'number') leaves.push({ name, value: String(value) });
    else if (Array.isArray(value)) for (const item of value as unknown[]) nodes.push({ name, value: item });
    else if (typeof value === 'object' && value !== null)
      for (const [member, inner] of Object.entries(value)) nodes.push({ name: member, value: inner as unknown });
  }
  return leaves;
}
