/**
 * Adds a host to a URL of libpq's form that has a user but no host, such as `postgres://user@/name?host=/run/postgresql`, because
 * URL of the language rejects that form. The parameter `host` takes precedence over it; without one, libpq and this mean
 * the same: the local server.
 */
export function withHost(url: string): string {
  return url.replace(/^(\w+:\/\/[^/?#]*@)(?=[/:])/, '$1localhost');
}
