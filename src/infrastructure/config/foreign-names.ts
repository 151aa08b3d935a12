import { didYouMean } from './did-you-mean.ts';

/** Names that other programs read from the same `.env`, such as Docker Compose, PostgreSQL's programs and the system's libraries. */
const KNOWN =
  /^(COMPOSE_\w+|DOCKER_\w+|BUILDKIT_\w+|POSTGRES_\w+|PG[A-Z]+|GF_\w+|BIND|READ_API_KEY_FILE|SQLITE_TMPDIR|TMPDIR|TZ|LANG|LC_\w+|PATH|HOME|SSL_CERT_(FILE|DIR)|(https?|no|all)_proxy|LISTEN_\w+|NODE_ENV|NO_COLOR|FORCE_COLOR)$/i;

/** Node reads these before it reads `.env`. */
const TOO_LATE = /^(NODE_(?!ENV$)\w+|UV_THREADPOOL_SIZE|LD_\w+)$/;

/** What to say about a name in `.env` that is no setting: an error if it looks like one, or else a remark; null for names of other programs. */
export function foreignName(
  name: string,
  ours: readonly string[],
): { readonly is: 'fault' | 'remark'; readonly text: string } | null {
  if (ours.includes(name)) return null;
  const meant = misspelt(name, ours);
  if (meant !== null) return { is: 'fault', text: `sets ${name}, which is no setting: did you mean ${meant}?` };
  if (KNOWN.test(name)) return null;
  return {
    is: 'remark',
    text: TOO_LATE.test(name)
      ? `sets ${name} too late, because Node reads it before .env: set it in the environment`
      : `sets ${name}, which is no setting of this service`,
  };
}

/** The setting that a variable of the environment misspells; null if it is one, or belongs to another program. */
export function misspelt(name: string, ours: readonly string[]): string | null {
  if (ours.includes(name) || (KNOWN.test(name) && !/^PGSS/i.test(name))) return null;
  return didYouMean(name, [...ours, 'PGSSLMODE']);
}
