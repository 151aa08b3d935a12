/** The parts of a request, one by one, for checks that look for them elsewhere. */

/** Decoded, and as they were sent. */
export function valuesOfForm(form: string): string[] {
  const raw = form.split('&').map((pair) => pair.slice(pair.indexOf('=') + 1));
  return [...raw, ...new URLSearchParams(form).values()];
}

interface Value {
  readonly name: string;
  readonly value: string;
}

/** The strings and numbers of JSON, the values of a form, or the whole of anything else. */
export function valuesOfBody(text: string): Value[] {
  try {
    return leavesOf(JSON.parse(text));
  } catch {
    const whole = { name: '', value: text };
    return text.includes('=') ? [whole, ...valuesOfForm(text).map((value) => ({ name: '', value }))] : [whole];
  }
}

/** At any depth. */
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
