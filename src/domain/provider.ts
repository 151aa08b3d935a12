/** Who sends webhooks here, by the scheme and the shape they come in. Each has its own ids: equal ones never collide. */
export type Provider = string & { readonly __brand: 'Provider' };

const PROVIDER = /^[a-z][a-z0-9-]{0,31}$/;

export function isProvider(value: string): value is Provider {
  return PROVIDER.test(value);
}

/** Throws RangeError when the name is not 1-32 lower-case letters, digits and hyphens, beginning with a letter. */
export function provider(name: string): Provider {
  if (!isProvider(name)) throw new RangeError('not the name of a provider');
  return name;
}

/** The sender of `POST /webhook`: the service's own form, which messages have unless they say otherwise. */
export const WEBHOOK = provider('webhook');
