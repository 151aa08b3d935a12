import type { Knex } from 'knex';
import type { RejectionLog, RejectionPage } from '../../../application/ports/store.ts';
import { provider } from '../../../domain/provider.ts';
import type { Rejection, RejectionReason, StoredRejection } from '../../../domain/rejection.ts';
import { timestampFromMicros } from '../../../domain/timestamp.ts';
import { instantValue } from '../schema/message-row.ts';

/** SQLite accepts up to 500 rows per statement. */
const ROWS_AT_A_TIME = 100;

interface RejectionRow {
  readonly id: bigint;
  readonly received_at: bigint;
  readonly provider: string;
  readonly reason: string;
  readonly detail: string | null;
  readonly diagnosis: string | null;
  readonly request_id: string;
  readonly body_bytes: bigint;
  readonly body_sha256: string | null;
  readonly header_names: string;
  readonly excerpt: string | null;
}

/** The rejection log of either database. `translate` turns the driver's errors into the errors of the port. */
export function rejectionLog(
  { writes, reads }: { readonly writes: Knex; readonly reads: Knex },
  translate: <T>(work: () => Promise<T>) => Promise<T>,
): RejectionLog {
  return {
    add: (rejections, { maxRows, notBefore }) =>
      translate(() =>
        writes.transaction(async (transaction) => {
          for (let i = 0; i < rejections.length; i += ROWS_AT_A_TIME) {
            await transaction('rejections').insert(rejections.slice(i, i + ROWS_AT_A_TIME).map(toRow));
          }
          // Each of the two queries stops at the first row that decides, so neither scans the table.
          const tooMany = transaction('rejections').select('id').orderBy('id', 'desc').limit(1).offset(maxRows);
          await transaction('rejections').where('id', '<=', tooMany).delete();
          const young = await transaction<{ id: bigint }>('rejections')
            .where('received_at', '>=', instantValue(notBefore))
            .orderBy('id')
            .first('id');
          const tooOld = transaction('rejections');
          if (young !== undefined) void tooOld.where('id', '<', instantValue(young.id));
          await tooOld.delete();
        }),
      ),

    list: (filter, start, limit) =>
      translate(() =>
        reads.transaction(
          async (snapshot): Promise<RejectionPage> => {
            const matching = snapshot('rejections').where({ ...filter });
            const total = (await matching.clone().count({ total: '*' }).first()) as { total: bigint } | undefined;
            const page = matching
              .select('*')
              .orderBy('id', 'desc')
              .limit(limit + 1);
            if ('offset' in start) void page.offset(start.offset);
            else void page.where('id', '<', start.beforeId);
            const rows = (await page) as RejectionRow[];
            return {
              rejections: rows.slice(0, limit).map(fromRow),
              total: Number(total?.total ?? 0),
              hasMore: rows.length > limit,
            };
          },
          { isolationLevel: 'repeatable read', readOnly: true },
        ),
      ),
  };
}

function toRow(rejection: Rejection): object {
  return {
    received_at: instantValue(rejection.receivedAt),
    provider: rejection.provider,
    reason: rejection.reason,
    detail: rejection.detail,
    diagnosis: rejection.diagnosis,
    request_id: rejection.requestId,
    body_bytes: rejection.bodyBytes,
    body_sha256: rejection.bodySha256,
    header_names: JSON.stringify(rejection.headerNames),
    excerpt: rejection.excerpt,
  };
}

function fromRow(row: RejectionRow): StoredRejection {
  return {
    id: Number(row.id),
    receivedAt: timestampFromMicros(row.received_at),
    provider: provider(row.provider),
    reason: row.reason as RejectionReason,
    detail: row.detail,
    diagnosis: row.diagnosis,
    requestId: row.request_id,
    bodyBytes: Number(row.body_bytes),
    bodySha256: row.body_sha256,
    headerNames: JSON.parse(row.header_names) as string[],
    excerpt: row.excerpt,
  };
}
