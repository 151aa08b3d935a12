import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareMessages } from '../../../../src/adapters/persistence/transfer/compare-messages.ts';
import { countBelongings } from '../../../../src/adapters/persistence/transfer/copy-deliveries.ts';
import type { CopySource } from '../../../../src/adapters/persistence/transfer/copy-messages.ts';
import { rebuildCounters, wrongCounters } from '../../../../src/adapters/persistence/counters/counter-check.ts';
import { exportStore } from '../../../../src/adapters/persistence/transfer/export-store.ts';
import { importTarget } from '../../../../src/adapters/persistence/transfer/import-target.ts';
import { sqliteDialect } from '../../../../src/adapters/persistence/sqlite/dialect.ts';
import { resetIndex } from '../../../../src/adapters/persistence/sqlite/search/search-index.ts';
import { lineReader } from '../../../../src/adapters/ndjson/read-lines.ts';
import { messageLines, statusLine, unknownLine, headerLine } from '../../../../src/adapters/ndjson/write-lines.ts';
import { ImportMessages } from '../../../../src/application/maintenance/import-messages.ts';
import { messageKey } from '../../../../src/domain/message.ts';
import { provider } from '../../../../src/domain/provider.ts';
import { isMessage, type NewUpdate, type Payload } from '../../../../src/domain/update.ts';
import { placeToResume } from '../../../../src/adapters/cli/export/resume.ts';
import { partialFile } from '../../../../src/adapters/files/partial-file.ts';
import { CLI, node, type Ended } from '../../persistence/schema/node-process.ts';
import { manyMessages, message, micros, runs } from '../../persistence/contract/repository-fixtures.ts';
import { collidingMessages, instants, messages } from '../../../support/arbitraries.ts';
import { commandLine, signalledAt } from '../../../support/command-line.ts';
import { temporaryFolder } from '../../../support/sqlite.ts';
import { between, held, on, repositoryOf, type Engine } from '../../../support/stores.ts';
import { inFolder } from './sqlite-fixtures.ts';

const OTHER = provider('other');
const never = new AbortController().signal;

async function empty({ db, dialect }: CopySource): Promise<void> {
  for (const table of ['messages', 'payloads', 'message_statuses']) await db(table).delete();
  await rebuildCounters(db, dialect);
  if (dialect === sqliteDialect) await resetIndex(db);
}

async function linesOf(db: CopySource['db']): Promise<string[]> {
  let text = '';
  for await (const step of exportStore(db, {}, null, never)) {
    if (step.kind === 'messages') text += messageLines(step.messages);
    else if (step.kind === 'statuses') text += step.statuses.map(statusLine).join('');
    else text += step.payloads.map(unknownLine).join('');
  }
  return text.split('\n').filter((line) => line !== '');
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* read(lines: readonly string[]): AsyncGenerator<NewUpdate[]> {
  const reader = lineReader();
  for (const line of lines) yield reader.read(line);
}

const bodies = fc.uint8Array({ maxLength: 40 });
/** Updates of which several share a body, as the messages of one delivery do. */
const deliveries: fc.Arbitrary<NewUpdate[]> = fc
  .record({
    news: fc.array(fc.oneof(messages, collidingMessages), { maxLength: 6 }),
    payload: fc.option(
      fc.record({ mediaType: fc.constantFrom('application/json', 'text/plain; charset=utf-8'), body: bodies }),
    ),
    receivedAt: fc.option(instants, { nil: undefined }),
    traceId: fc.option(fc.constant('0af7651916cd43dd8448eb211c80319c'), { nil: undefined }),
    deliveryId: fc.option(fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom('a', 'b', 'ü') }), {
      nil: undefined,
    }),
    state: fc.constantFrom('sent', 'read', 'Ünknown'),
    kinds: fc.array(fc.constantFrom('status', 'unknown'), { maxLength: 2 }),
    elsewhere: messages,
    at: instants,
  })
  .map(({ news, payload, receivedAt, traceId, deliveryId, state, kinds, elsewhere, at }): NewUpdate[] => [
    ...news.map((each, i) => ({
      ...each,
      ...(payload !== null && { payload }),
      ...(receivedAt !== undefined && { receivedAt }),
      ...(traceId !== undefined && { traceId }),
      ...(deliveryId !== undefined && i === 0 && { deliveryId }),
    })),
    ...news
      .slice(0, 2)
      .map(({ provider: name, messageId }) => ({ kind: 'status' as const, provider: name, messageId, state, at })),
    ...kinds.map((kind): NewUpdate => {
      const { provider: name, messageId } = elsewhere;
      if (kind === 'status') return { kind, provider: name, messageId, state, at };
      return { kind: 'unknown', provider: name, payload: payload ?? { mediaType: 'a/b', body: Buffer.of(1) } };
    }),
  ]);

describe('export and import', () => {
  it.each<[Engine, Engine]>([
    ['sqlite', 'postgres'],
    ['postgres', 'sqlite'],
  ])('copy the whole store from %s to %s, and change nothing the second time', async (from, to) => {
    await between(from, to, (source, target) =>
      on(source, (left) =>
        on(target, async (right) => {
          await fc.assert(
            fc.asyncProperty(fc.array(deliveries, { maxLength: 5 }), async (drawn) => {
              await empty(left);
              await empty(right);
              for (const updates of drawn) if (updates.length > 0) await left.add(updates);
              const lines = await linesOf(left.db);
              const importing = () =>
                new ImportMessages(importTarget(right)).execute(read(lines), {
                  signal: never,
                  onStored: () => undefined,
                });
              await importing();
              const compared = { pageSize: 10, onProgress: () => undefined, check: () => Promise.resolve() };
              expect((await compareMessages(left.db, right.db, compared)).firstDifference).toBeNull();
              expect(await countBelongings(right.db)).toEqual(await countBelongings(left.db));
              expect(await wrongCounters(right.db, right.dialect)).toEqual([]);
              const [a, b] = [repositoryOf(left), repositoryOf(right)];
              for (const update of drawn.flat()) {
                if (!isMessage(update) && update.kind === 'unknown') continue;
                const key = messageKey(update);
                expect(await b.findStatus(key)).toEqual(await a.findStatus(key));
                expect(await b.findReceipt(key)).toEqual(await a.findReceipt(key));
                expect(plain(await b.findPayload(key))).toEqual(plain(await a.findPayload(key)));
              }
              // All that was kept, the bodies that are no message's among them, and in the same number: none is doubled.
              expect((await linesOf(right.db)).map(withoutIds)).toEqual(
                unique((await linesOf(left.db)).map(withoutIds)),
              );
              expect(await importing()).toMatchObject({
                created: 0,
                conflicts: 0,
                unknown: 0,
              });
            }),
            runs(12),
          );
        }),
      ),
    );
  });
});

describe('an export', () => {
  it.each<Engine>(['sqlite', 'postgres'])(
    'from %s ends also where a page does, and where nothing is found',
    async (engine) => {
      await between(engine, engine, (source) =>
        on(source, async ({ db, add }) => {
          await add(manyMessages(1_000));
          expect(await linesOf(db)).toHaveLength(1_000);
          const nobody = { from: message('m', { from: '+999' }).from };
          for await (const step of exportStore(db, nobody, null, never)) throw new Error(`there is a ${step.kind}`);
        }),
      );
    },
  );

  it('has the state of a message that arrives meanwhile, even at an instant that it has already passed', async () => {
    await inFolder(async (folder) => {
      await on(`sqlite:///${folder.file('app.db')}`, async ({ db, add }) => {
        const late = message('late', { provider: OTHER, sentAt: micros(1) });
        const { messageId } = late;
        await add([
          ...manyMessages(1_500),
          { kind: 'status', provider: OTHER, messageId, state: 'read', at: micros(8) },
        ]);
        let statuses = 0;
        let came = false;
        for await (const step of exportStore(db, {}, null, never)) {
          if (step.kind === 'statuses') statuses += step.statuses.length;
          if (step.kind !== 'messages') continue;
          statuses += step.messages.filter(({ status }) => status !== null).length;
          if (!came) await add([late]);
          came = true;
        }
        expect(statuses).toBe(1);
      });
    });
  });
});

const plain = (payload: Payload | null) => payload && [payload.mediaType, Buffer.from(payload.body).toString('hex')];

/** The same unknown update twice is one after an import, because nothing distinguishes the two. */
function unique(lines: readonly string[]): string[] {
  return lines.filter((line, i) => !line.startsWith('{"kind":"unknown"') || lines.indexOf(line) === i);
}

function withoutIds(line: string): string {
  return line.startsWith('{"kind":"unknown"') ? line.replace(/"id":"\d+",/, '') : line;
}

const everything = (): NewUpdate[] => {
  const shared = { mediaType: 'application/json', body: Buffer.from('{"shared":1}') };
  return [
    ...manyMessages(5_000),
    { ...message('one'), payload: shared, receivedAt: micros(5), traceId: '0af7651916cd43dd8448eb211c80319c' },
    { ...message('two', { text: null }), payload: shared, deliveryId: 'd1' },
    { ...message('three', { provider: OTHER, type: 'image' }), payload: { mediaType: 'a/b', body: Buffer.of(0, 255) } },
    { kind: 'status', provider: OTHER, messageId: message('three').messageId, state: 'read', at: micros(7) },
    { kind: 'status', provider: OTHER, messageId: message('elsewhere').messageId, state: 'sent', at: micros(8) },
    { kind: 'unknown', provider: OTHER, payload: { mediaType: 'a/b', body: Buffer.from('?') } },
  ];
};

async function inService(
  test: (
    run: (...args: string[]) => Promise<Ended>,
    file: (name: string) => string,
    urls: { source: string; target: string },
  ) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const [source, target] = [`sqlite:///${folder.file('source.db')}`, `sqlite:///${folder.file('target.db')}`];
    await on(source, ({ add }) => add(everything()));
    const run = (command: string, ...args: string[]): Promise<Ended> =>
      node(folder.path, [CLI, command, ...args], { DATABASE_URL: command === 'export' ? source : target });
    await test(run, folder.file, { source, target });
  });
}

describe('webhook-inbox export and import', () => {
  it('write a file that only its owner may read, and store it exactly once', async () => {
    await inService(async (run, file, { source, target }) => {
      const { code, stdout, stderr } = await run('export', 'all.ndjson', '--json');
      expect({ code, stderr }).toEqual({ code: 0, stderr: 'exporting 0/5003\n' });
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, messages: 5_003, statuses: 1, unknown: 1 });
      expect(statSync(file('all.ndjson')).mode & 0o777).toBe(0o600);
      expect(readFileSync(file('all.ndjson'), 'utf8')).toMatch(/^\{"kind":"export","version":1,[^\n]*\}\n[^]*\n$/);

      const first = await run('import', 'all.ndjson', '--json');
      expect([first.code, JSON.parse(first.stdout)]).toMatchObject([
        0,
        { ok: true, created: 5_003, duplicates: 0, conflicts: 0, conflicting: [], statuses: 2, unknown: 1 },
      ]);
      expect(await held(target)).toEqual(await held(source));
      const again = await run('import', 'all.ndjson');
      expect(again.code).toBe(0);
      expect(again.stdout).toMatch(
        /^created {5}0\nduplicates {2}5003\nconflicts {3}0\nstatuses {4}0 news of states\nunknown {5}0 updates\ntime {8}[0-9.]+ s\n$/,
      );
      expect(await run('export', 'all.ndjson')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('use --force'),
      });
    });
  });

  it('resumes after the last complete line of a file that was cut at any byte', async () => {
    await inService(async (run, file) => {
      expect((await run('export', 'whole.ndjson')).code).toBe(0);
      const whole = readFileSync(file('whole.ndjson'));
      const places = [0, 10, 70, 300, 5_000, whole.length - 1, whole.length - 100, whole.length - 300, whole.length];
      await Promise.all(
        places.map(async (bytes) => {
          const name = `cut-${String(bytes)}.ndjson`;
          writeFileSync(file(`${name}.partial`), whole);
          truncateSync(file(`${name}.partial`), bytes);
          expect(await run('export', name)).toMatchObject({
            code: 1,
            stderr: expect.stringContaining('--resume continues it'),
          });
          expect((await run('export', name, '--resume')).code).toBe(0);
          // A shared body may come twice: a resumed export does not know the earlier ones.
          const unshared = (text: string): string[] =>
            text.split('\n').filter((line) => !line.startsWith('{"kind":"payload"'));
          expect(unshared(readFileSync(file(name), 'utf8'))).toEqual(unshared(whole.toString()));
        }),
      );
      // Blocks of zeros where no data had reached the disk.
      const spoilt = whole.subarray(0, 5_000).toString() + '\0'.repeat(100) + '"secret"}\n';
      writeFileSync(file('spoilt.ndjson.partial'), spoilt);
      expect(await run('export', 'spoilt.ndjson', '--resume')).toMatchObject({ code: 0 });
      expect(readFileSync(file('spoilt.ndjson'))).toEqual(whole);
      writeFileSync(
        file('other.ndjson.partial'),
        '{"kind":"export","version":1,"from":"+1","since":null,"until":null}\n',
      );
      expect(await run('export', 'other.ndjson', '--resume')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('written with other filters'),
      });
    });
  });

  it('resumes after a line of any length, and removes everything after it', async () => {
    const folder = await temporaryFolder();
    const file = folder.file('long.ndjson.partial');
    const header = headerLine({ since: null, until: null, from: null });
    const long = JSON.stringify({ kind: 'unknown', words: Array.from({ length: 50_000 }, (_, i) => i), id: '7' });
    const whole = `${header}${long}\n`;
    writeFileSync(file, `${whole}{"kind":"unknown","id":"8"`);
    expect(placeToResume(file, header)).toEqual({ place: { kind: 'unknown', after: 7n }, bytes: whole.length });
    expect(readFileSync(file, 'utf8')).toBe(whole);
    await folder.remove();
  });

  it('says that there is nothing to resume, or that another run has finished the file', async () => {
    const folder = await temporaryFolder();
    const file = folder.file('all.ndjson');
    expect(() => partialFile(file, { resume: true })).toThrow('.partial is not there: there is nothing to resume');
    const first = partialFile(file);
    const second = partialFile(file, { resume: true });
    first.finish();
    expect(second.finish).toThrow('.partial was taken away or replaced: does another run write it, too?');
    second.keep();
    await folder.remove();
  });

  it('exports a selection of the messages to a pipe, and nothing that does not belong to them', async () => {
    await inService(async (run) => {
      const { code, stdout, stderr } = await run(
        ...['export', '-', '--since', '2025-01-15T10:00:00Z', '--until', '2025-01-15T12:00:00Z', '--from', '+101'],
      );
      expect(code).toBe(0);
      expect(stderr).toMatch(/^exporting 0\/\d+\nmessages {2}\d+\n/);
      const [header, ...lines] = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, string>);
      expect(header).toMatchObject({ kind: 'export', from: '+101', since: '2025-01-15T10:00:00Z' });
      const expected = manyMessages(5_000).filter(
        ({ from, sentAt }) => from === '+101' && sentAt < BigInt(Date.parse('2025-01-15T12:00:00Z')) * 1000n,
      );
      expect(lines.map((line) => line['message_id'])).toEqual(expected.map(({ messageId }) => messageId));
    });
  });

  it.each([
    ['a reader that is gone', '| true; exit "${PIPESTATUS[0]}"', 141, /^exporting 0\/5003\n$/],
    ['a full disk', '> /dev/full', 1, /^exporting 0\/5003\nstandard output cannot be written: ENOSPC\n$/],
  ])('stops when it writes to %s', async (_what, target, status, said) => {
    await inFolder(async (folder) => {
      const source = `sqlite:///${folder.file('source.db')}`;
      await on(source, ({ add }) => add(everything()));
      const script = `'${process.execPath}' '${CLI}' export - ${target}`;
      const ended = spawnSync('bash', ['--norc', '-c', script], { env: { DATABASE_URL: source }, encoding: 'utf8' });
      expect({ status: ended.status, stderr: ended.stderr }).toEqual({ status, stderr: expect.stringMatching(said) });
    });
  });

  it('stops at a bad line: stores all lines before it, none after it, and reports no value', async () => {
    await inService(async (run, file, { target }) => {
      const plain = (id: string): string =>
        `{"message_id":"${id}","from":"+1","to":"+2","ts":"2025-01-15T10:00:00Z","text":"Hello"}\n`;
      writeFileSync(file('bad.ndjson'), `${plain('a')}\n${plain('b').replace('"+1"', '"+12345secret"')}${plain('c')}`);
      expect(await run('import', 'bad.ndjson')).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/line 3: from is not a phone number; all before it is stored\n$/),
      });
      expect((await held(target)).map(({ messageId }) => messageId)).toEqual(['a']);
      expect((await run('import', 'bad.ndjson')).stderr).not.toContain('secret');
      writeFileSync(file('empty.ndjson'), '\n');
      expect(await run('import', 'empty.ndjson')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('there is nothing to import'),
      });

      writeFileSync(file('conflict.ndjson'), plain('a').replace('Hello', 'Other'));
      appendFileSync(file('conflict.ndjson'), plain('d').trimEnd()); // without an end of its line
      const { code, stdout } = await run('import', 'conflict.ndjson', '--json');
      expect([code, JSON.parse(stdout)]).toMatchObject([
        1,
        { ok: false, created: 1, conflicts: 1, conflicting: ['a'] },
      ]);
    });
  });

  it('stops at Ctrl-C, and the same command resumes', async () => {
    await inService(async (run, file, { target }) => {
      expect((await run('export', 'all.ndjson')).code).toBe(0);
      const cli = commandLine();
      const environment = { DATABASE_URL: target, ...signalledAt('importing', 'SIGINT') };
      const ended = await cli.run(['import', file('all.ndjson')], environment);
      expect(ended).toMatchObject({ status: 130, stderr: expect.stringMatching(/the same command resumes\n$/) });
      cli.remove();
      const stored = (await held(target)).length;
      expect(stored).toBeLessThan(5_003);
      expect(JSON.parse((await run('import', 'all.ndjson', '--json')).stdout)).toMatchObject({
        created: 5_003 - stored,
        duplicates: stored,
      });
    });
  });

  it('stops at Ctrl-C also while the pipe that it reads delivers nothing', async () => {
    await inFolder(async (folder) => {
      const env = { DATABASE_URL: `sqlite:///${folder.file('app.db')}` };
      const child = spawn(process.execPath, [CLI, 'import'], { env });
      child.stdin.write('{"message_id":"m1","from":"+1","to":"+2","ts":"2025-01-15T10:00:00Z","text":"Hello"}\n');
      child.stderr.once('data', () => child.kill('SIGTERM'));
      const said = text(child.stderr);
      expect(await once(child, 'close')).toEqual([143, null]);
      expect(await said).toBe('importing 0\nstopped by SIGTERM; the same command resumes\n');
    });
  });

  it('names the file that it cannot open, and creates no database for it', async () => {
    await inFolder(async (folder) => {
      const socket = createServer().listen(folder.file('all.ndjson')); // as root there is no file that may not be read
      await once(socket, 'listening');
      const ended = await node(folder.path, [CLI, 'import', 'all.ndjson'], { DATABASE_URL: 'sqlite:///./app.db' });
      socket.close();
      expect(ended).toMatchObject({ code: 1, stderr: 'all.ndjson cannot be read: ENXIO\n' });
      expect(existsSync(folder.file('app.db'))).toBe(false);
    });
  });

  it.each([
    [['import', 'nothing.ndjson'], 64, 'nothing.ndjson is not there'],
    [['export', '--resume'], 64, '--resume wants a file'],
    [['export', '--since', 'yesterday'], 64, 'RFC 3339'],
    [['export', '--from', '4912345'], 64, 'a phone number'],
  ])('rejects %j', async (args, status, reason) => {
    await inFolder(async (folder) => {
      const { code, stderr } = await node(folder.path, [CLI, ...args], { DATABASE_URL: 'sqlite:///./a.db' });
      expect(code).toBe(status);
      expect(stderr).toContain(reason);
    });
  });
});
