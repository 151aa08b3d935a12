import { describe, expect, it } from '@jest/globals';
import { ExportMessages } from '../../../src/application/maintenance/export-messages.ts';
import type { SchemaStatus } from '../../../src/application/ports/maintenance.ts';
import type { ExportOutput, ExportPlace, Exported } from '../../../src/application/ports/transfer.ts';
import { WEBHOOK } from '../../../src/domain/provider.ts';
import { timestampFromMicros } from '../../../src/domain/timestamp.ts';
import { manyMessages } from '../../adapters/persistence/contract/repository-fixtures.ts';
import { recordedWork, schemaIn } from '../../support/maintenance-fakes.ts';

const MESSAGES = manyMessages(3).map((message) => ({ ...message, status: null }));
const STEPS: readonly Exported[] = [
  {
    kind: 'statuses',
    statuses: MESSAGES.slice(0, 2).map(({ messageId }) => ({
      kind: 'status',
      provider: WEBHOOK,
      messageId,
      state: 'read',
      at: timestampFromMicros(1n),
    })),
  },
  { kind: 'messages', messages: MESSAGES.slice(0, 2) },
  { kind: 'messages', messages: MESSAGES.slice(2) },
  { kind: 'unknown', payloads: [{ id: 1n, mediaType: 'a/b', body: Buffer.of(1) }] },
];

interface Setup {
  readonly schema?: Partial<SchemaStatus>;
  readonly place?: ExportPlace | null;
  /** The step that cannot be written. */
  readonly failAt?: number;
}

function exporting({ schema = {}, place = null, failAt = -1 }: Setup = {}) {
  const calls: string[] = [];
  const written: Exported[] = [];
  const started: (ExportPlace | null)[] = [];
  const work = recordedWork();
  const output: ExportOutput = {
    place,
    write(step) {
      if (written.length === failAt) return Promise.reject(new Error('no space'));
      written.push(step);
      return Promise.resolve();
    },
    finish: () => Promise.resolve(void calls.push('finished')),
    abandon(error) {
      calls.push('abandoned');
      return Promise.resolve(new Error(`abandoned: ${(error as Error).message}`));
    },
  };
  const messages = new ExportMessages({
    schema: schemaIn(schema),
    count: () => Promise.resolve(MESSAGES.length),
    async *read(_filter, start, signal) {
      started.push(start);
      for (const step of STEPS) {
        await Promise.resolve();
        signal.throwIfAborted();
        yield step;
      }
    },
  });
  const open = () => {
    calls.push('opened');
    return Promise.resolve(output);
  };
  return { calls, written, started, work, run: () => messages.execute({}, open, work) };
}

describe('ExportMessages', () => {
  it('writes every step in order, counts each kind and finishes the output', async () => {
    const { calls, written, work, run } = exporting();
    expect(await run()).toEqual({ messages: 3, statuses: 2, unknown: 1 });
    expect(written).toEqual(STEPS);
    expect(calls).toEqual(['opened', 'finished']);
    expect(work.shown).toEqual([0, 0, 2, 3, 3].map((done) => ['exporting', done, 3]));
  });

  it('resumes after the place that the output has reached', async () => {
    const place: ExportPlace = { kind: 'unknown', after: 7n };
    const { started, run } = exporting({ place });
    await run();
    expect(started).toEqual([place]);
  });

  it.each([
    [{ pending: ['2_next'] }, 'the source lacks migrations (2_next)'],
    [{ unknown: ['9_newer'] }, 'a newer version migrated the source (9_newer)'],
  ])('opens no output for a schema with %j', async (schema, message) => {
    const { calls, run } = exporting({ schema });
    await expect(run()).rejects.toThrow(message);
    expect(calls).toEqual([]);
  });

  it('abandons the output after a failure, and reports what the output makes of it', async () => {
    const { calls, written, run } = exporting({ failAt: 2 });
    await expect(run()).rejects.toThrow('abandoned: no space');
    expect(calls).toEqual(['opened', 'abandoned']);
    expect(written).toEqual(STEPS.slice(0, 2));
  });

  it('abandons the output when it is stopped', async () => {
    const { calls, work, run } = exporting();
    work.stop();
    await expect(run()).rejects.toThrow('abandoned: stopped');
    expect(calls).toEqual(['opened', 'abandoned']);
  });
});
