import type { Work } from '../ports/maintenance.ts';
import type { ExportFilter, Exported, ExportOutput, ExportSource } from '../ports/transfer.ts';
import { requireSourceSchema } from './require-schema.ts';

export interface ExportCounts {
  messages: number;
  /** Statuses of messages that are not stored. */
  statuses: number;
  /** Unknown updates. */
  unknown: number;
}

/** Writes all messages, or the matches of a filter, to an output, and resumes what an interrupted export has written. */
export class ExportMessages {
  readonly #source: ExportSource;

  constructor(source: ExportSource) {
    this.#source = source;
  }

  /** @param open is called after the store was found usable, so that a failure before that leaves no file */
  async execute(filter: ExportFilter, open: () => Promise<ExportOutput>, work: Work): Promise<ExportCounts> {
    await requireSourceSchema(this.#source.schema);
    const output = await open();
    const counts: ExportCounts = { messages: 0, statuses: 0, unknown: 0 };
    try {
      const total = await this.#source.count(filter);
      work.onProgress('exporting', 0, total);
      for await (const step of this.#source.read(filter, output.place, work.signal)) {
        await output.write(step);
        count(counts, step);
        work.onProgress('exporting', counts.messages, total);
      }
      await output.finish();
      return counts;
    } catch (error) {
      throw await output.abandon(error);
    }
  }
}

function count(counts: ExportCounts, step: Exported): void {
  if (step.kind === 'messages') counts.messages += step.messages.length;
  else if (step.kind === 'statuses') counts.statuses += step.statuses.length;
  else counts.unknown += step.payloads.length;
}
