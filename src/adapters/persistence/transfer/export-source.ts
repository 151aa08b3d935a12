import type { ExportFilter, ExportSource } from '../../../application/ports/transfer.ts';
import { schemaOf } from '../maintenance/schema.ts';
import { listMessages } from '../query/message-queries.ts';
import type { CopySource } from './copy-messages.ts';
import { exportStore } from './export-store.ts';

/** An open database to export from. */
export function exportSource({ db, dialect }: CopySource): ExportSource {
  return {
    schema: schemaOf(db),
    count: (filter) =>
      db.transaction(
        async (snapshot) => (await listMessages(snapshot, dialect, given(filter), { offset: 0 }, 1)).total,
      ),
    read: (filter, start, signal) => exportStore(db, filter, start, signal),
  };
}

function given(filter: ExportFilter): { [K in keyof ExportFilter]: NonNullable<ExportFilter[K]> } {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
