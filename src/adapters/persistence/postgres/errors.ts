import { StoreUnavailable } from '../../../application/ports/store.ts';

/**
 * SQLSTATE classes and codes that mean "not now" and not "never": connection trouble, out of resources, stopped or starting by
 * an operator, cancelled or timed out, a transaction too, deadlock, a standby that takes no writes, authentication and the
 * database itself missing until an operator sees to them (https://www.postgresql.org/docs/current/errcodes-appendix.html).
 */
const PASSING = /^(08|28|53|57|58|XX|3D000|25006|25P0[34]|40001|40P01|55P03)/;
/** What the network says (errno names), and a certificate that an operator must see to. */
const NETWORK =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_|EADDRNOTAVAIL|ENOENT|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_)/;
/** What the driver says without any code; Knex puts the statement before it. No password where one is wanted: `SASL`. */
const DRIVER =
  /(?:^| - )(Connection terminated.*|Query read timeout|timeout expired|Client has encountered a connection error.*)$|^SASL(?=: )/;

/** Runs `work`; a failure that a later attempt may not meet rejects as StoreUnavailable, every other as it is. */
export async function translatingErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = passingReason(error);
    if (reason !== null) throw new StoreUnavailable(`database: ${reason}`, { cause: error });
    throw error;
  }
}

function passingReason(error: unknown): string | null {
  const { code, name, message, errors } = (error ?? {}) as {
    code?: unknown;
    name?: string;
    message?: string;
    errors?: unknown;
  };
  // Knex gives up waiting for a connection: all are busy, or none can be made.
  if (name === 'KnexTimeoutError') return 'no connection is free';
  if (typeof code === 'string' && (PASSING.test(code) || NETWORK.test(code))) return code;
  const said = typeof message === 'string' ? DRIVER.exec(message) : null;
  if (said !== null) return said[1] ?? said[0];
  // A host with several addresses, none of which answers.
  return Array.isArray(errors) && errors.length > 0 ? passingReason(errors[0]) : null;
}
