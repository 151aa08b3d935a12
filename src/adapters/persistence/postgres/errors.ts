import { UnusableConnection } from './connection/unusable-connection.ts';
import { StoreContended, StoreUnavailable } from '../../../application/ports/store.ts';

/**
 * SQLSTATE classes and codes after which a retry may succeed: lost connections, no resources, a server that stops or starts, a
 * cancelled or timed-out statement or transaction, a deadlock, a read-only standby, and failed authentication or a missing
 * database until an operator fixes them (https://www.postgresql.org/docs/current/errcodes-appendix.html).
 */
const PASSING = /^(08|28|53|57|58|XX|3D000|25006|25P0[34]|40001|40P01|55P03)/;
/** Of these, those that another session's locks may cause: a lock or statement that timed out, a deadlock. */
const CONTENDED = /^(40001|40P01|55P03|57014)$/;
/** Network errors (errno names), and certificate errors until an operator fixes them. */
const NETWORK =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_|EADDRNOTAVAIL|ENOENT|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|EPROTO|ERR_TLS_|ERR_SSL_|ERR_OSSL_)/;
/** The driver's messages that have no code. Knex puts the statement before them. `SASL`: the server requires a password. */
const DRIVER =
  /(?:^| - )(Connection terminated.*|Query read timeout|timeout expired|The server does not support SSL connections|There was an error establishing an SSL connection|Client has encountered a connection error.*)$|^SASL(?=: )/;

/** Runs `work` and rejects with StoreUnavailable, or StoreContended, if a retry may succeed; other errors pass unchanged. */
export async function translatingErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = passingReason(error);
    if (reason !== null) {
      const Reason = CONTENDED.test(reason) ? StoreContended : StoreUnavailable;
      throw new Reason(`database: ${reason}`, { cause: error });
    }
    throw error;
  }
}

/** The SQLSTATE, or what the driver says, of an error after which a retry may succeed; null for any other. */
export function passingReason(error: unknown): string | null {
  const { code, name, message, errors } = (error ?? {}) as {
    code?: unknown;
    name?: string;
    message?: string;
    errors?: unknown;
  };
  if (error instanceof UnusableConnection) return error.message;
  // Knex timed out waiting for a connection: all are busy, or none can be opened.
  if (name === 'KnexTimeoutError') return 'no connection is free';
  if (typeof code === 'string' && (PASSING.test(code) || NETWORK.test(code))) return code;
  const known = typeof message === 'string' ? DRIVER.exec(message) : null;
  if (known !== null) return known[1] ?? known[0];
  // An AggregateError: the host has several addresses, and all of them failed.
  return Array.isArray(errors) && errors.length > 0 ? passingReason(errors[0]) : null;
}
