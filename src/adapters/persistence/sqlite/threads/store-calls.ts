import type { Knex } from 'knex';
import {
  StoreUnavailable,
  type MessageRepository,
  type RejectionLog,
  type StoreUsage,
  type ExpiryStore,
} from '../../../../application/ports/store.ts';
import { expiryEraser } from '../../erasure/expiry-eraser.ts';
import { rejectionLog } from '../../rejections/rejection-log.ts';
import { tryWrite, withConnection } from '../database.ts';
import { countNext, indexNext } from '../derived-data.ts';
import { sqliteDialect } from '../dialect.ts';
import { sqliteErasing } from '../erasure.ts';
import { translatingErrors } from '../errors.ts';
import { checkpointed } from '../files/empty-log.ts';
import { sqliteMessageRepository } from '../repository.ts';
import { storeUsage } from '../usage.ts';
import type { OpenFiles } from './open-files.ts';
import { unpack, type PackedUpdates } from './packed-updates.ts';

/** The calls that a thread accepts: the repository's methods, and those for derived data, erasing and health. */
export type StoreCalls = Omit<MessageRepository, 'add'> & {
  readonly add: (packed: PackedUpdates) => ReturnType<MessageRepository['add']>;
  readonly addRejections: RejectionLog['add'];
  readonly listRejections: RejectionLog['list'];
  readonly usage: () => Promise<StoreUsage>;
  readonly indexNext: (limit: number) => Promise<number>;
  readonly countNext: (limit: number) => Promise<number>;
  readonly eraseNext: ExpiryStore['eraseNext'];
  readonly expiryOutlook: ExpiryStore['outlook'];
  readonly countExpired: ExpiryStore['countNext'];
  /** A write that changes nothing. Rejects if the store cannot write. */
  readonly tryWrite: () => Promise<void>;
  /** Moves the log into the file and closes the connections. This must be the last call. Returns whether the file is whole. */
  readonly close: () => Promise<boolean>;
};

export interface StoreConnections {
  readonly file: string;
  readonly readOnly: boolean;
  /** Ingest and reads. */
  readonly db: Knex;
  /**
   * All other writes, which a power cut may lose: a commit of ingest never runs without a flush, nor in a transaction that a failed
   * step left open.
   */
  readonly steps: Knex;
  readonly known: OpenFiles;
}

/** @param hooks.renew makes the next call reopen the files */
export function storeCalls(
  { file, readOnly, db, steps, known }: StoreConnections,
  hooks: { readonly renew: () => Promise<void>; readonly close: StoreCalls['close'] },
): StoreCalls {
  const repository = sqliteMessageRepository(db);
  const eraser = expiryEraser({
    writes: steps,
    reads: db,
    dialect: sqliteDialect,
    erasing: sqliteErasing,
    translate: translatingErrors,
  });
  const rejections = rejectionLog({ writes: steps, reads: db }, translatingErrors);

  /** Rejects unless the files are still in place, because a write to deleted or moved files is lost with this process. */
  async function lasting<T>(write: () => Promise<T>): Promise<T> {
    if (known.look() === 'in place') {
      const result = await write();
      if (known.look() === 'in place') return result;
    }
    if (known.look() !== 'log gone') throw new StoreUnavailable('the database file was moved or deleted: put it back');
    throw new StoreUnavailable(
      (await checkpointed(db))
        ? 'the log of the database was deleted, but the database contains all of it: restart the service'
        : 'the log of the database was deleted while another process reads it: do not stop the service while that process runs',
    );
  }

  /** A failed commit may leave its transaction open, which would lock out ingest. */
  async function inStep<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      await withConnection(steps, (connection) => {
        if (connection.inTransaction) connection.exec('rollback');
      }).catch(() => undefined); // it is not open
    }
  }

  return {
    ...repository,
    add: (packed) => lasting(() => repository.add(unpack(packed))),
    addRejections: (...args) => inStep(() => rejections.add(...args)),
    listRejections: (...args) => rejections.list(...args),
    usage: () => translatingErrors(() => storeUsage(db, file)),
    indexNext: (limit) => inStep(() => indexNext(steps, limit)),
    countNext: (limit) => inStep(() => countNext(steps, limit)),
    eraseNext: (...args) => inStep(() => eraser.eraseNext(...args)),
    expiryOutlook: (rule) => eraser.outlook(rule),
    countExpired: (...args) => eraser.countNext(...args),
    tryWrite: () => lasting(() => translatingErrors(() => tryWrite(db))),
    async health() {
      const health = await repository.health();
      if (health.database !== 'ok') {
        await hooks.renew();
      } else if (!readOnly && known.look() === 'log gone') {
        await checkpointed(db); // before an operator stops the process
        return { ...health, database: 'unwritable' };
      }
      return health;
    },
    close: hooks.close,
  };
}
