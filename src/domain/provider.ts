/** A sender of webhooks, with its own signature scheme and format. Ids of different providers never collide. */
export type Provider = string & { readonly __brand: 'Provider' };

const PROVIDER = /^[a-z][a-z0-9-]{0,31}$/;

export function isProvider(value: string): value is Provider {
  return PROVIDER.test(value);
}

/** Throws a RangeError unless the name is 1-32 lower-case letters, digits and hyphens, and starts with a letter. */
export function provider(name: string): Provider {
  if (!isProvider(name)) throw new RangeError('not the name of a provider');
  return name;
}

/** The provider of `POST /webhook`, the service's own format; the default of a message. */
export const WEBHOOK = provider('webhook');
