import type { CopySource as CopyPort } from '../../../application/ports/transfer.ts';
import { schemaOf } from '../maintenance/schema.ts';
import { copyMessages, type CopySource, type CopyTarget } from './copy-messages.ts';

/** An open database to copy from. `openTarget` is called when the copy begins. */
export function copySource(source: CopySource, openTarget: () => Promise<CopyTarget>): CopyPort {
  return {
    schema: schemaOf(source.db),
    async copy(work) {
      const target = await openTarget();
      try {
        return await copyMessages(source, target, work);
      } finally {
        await target.db.destroy();
      }
    },
  };
}
