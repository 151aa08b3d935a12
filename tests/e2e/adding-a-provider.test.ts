import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { freshCopy, readPage } from '../support/page-commands.ts';
import { itNeeding } from '../support/requirements.ts';

/** Follows docs/adding-a-provider.md to the letter in a copy of the project: every block, in the order of the page. */

const BLOCK = /^```(\w+)(?: (file|into)=(\S+)(?: (above|below)="([^"]+)")?| (serve))?\n([^]*?)^```$/gm;

interface Block {
  readonly kind: 'file' | 'into' | 'serve' | 'run';
  readonly file: string;
  readonly where: string;
  readonly line: string;
  readonly content: string;
}

const blocks = Array.from(
  readPage('docs/adding-a-provider.md').matchAll(BLOCK),
  ([, , kind, file = '', where = '', line = '', serve, content = '']): Block => ({
    kind: (kind ?? serve ?? 'run') as Block['kind'],
    ...{ file, where, line, content },
  }),
);

let folder: string;
let environment: NodeJS.ProcessEnv;
beforeAll(async () => {
  folder = freshCopy('adding-a-provider');
  // Like a contributor's shell: npm itself finds the project's Node.
  const PATH = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((one) => !one.endsWith('node_modules/.bin'))
    .join(path.delimiter);
  const { HOME, TEST_POSTGRES_URL } = process.env;
  environment = { PATH, HOME, TEST_POSTGRES_URL, PORT: String(await freePort()) };
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write({ kind, file, where, line, content }: Block): void {
  const target = path.join(folder, file);
  if (kind === 'file') {
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, content, { flag: 'wx' });
    return;
  }
  const lines = readFileSync(target, 'utf8').split('\n');
  const at = lines.findIndex((one) => one.includes(line));
  if (at === -1) throw new Error(`${file} has no line with ${line}`);
  lines.splice(where === 'below' ? at + 1 : at, 0, ...content.replace(/\n$/, '').split('\n'));
  writeFileSync(target, lines.join('\n'));
}

const shell = (script: string) =>
  spawn('sh', ['-e', '-c', script], {
    ...{ cwd: folder, env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  });

/** The stdout of a script. Rejects if one of its commands fails. */
async function run(script: string): Promise<string> {
  const child = shell(script);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (child.exitCode !== 0) throw new Error(`${script} ended with ${String(child.exitCode)}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** Runs a script until the returned function ends it. Resolves when the service listens. */
async function serve(script: string): Promise<() => Promise<void>> {
  const child = shell(script);
  const ended = once(child, 'close');
  let output = '';
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const listening = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
      if (output.includes('"listening"')) resolve();
    });
  });
  const early = ended.then(() => {
    throw new Error(`it ended before it listened:\n${output}`);
  });
  await Promise.race([listening, early]);
  early.catch(() => undefined);
  return async () => {
    process.kill(-(child.pid ?? 0), 'SIGTERM');
    await ended;
  };
}

itNeeding(
  ['curl'],
  'yields a provider that compiles, is tested, and accepts what send signs for it',
  async () => {
    const printed: string[] = [];
    let stop = (): Promise<void> => Promise.resolve();
    try {
      for (const block of blocks) {
        if (block.kind === 'serve') stop = await serve(block.content);
        else if (block.kind === 'run') printed.push(await run(block.content));
        else write(block);
      }
      const origin = `http://127.0.0.1:${environment['PORT'] ?? ''}`;
      expect(await (await fetch(`${origin}/health/ready`)).json()).toMatchObject({ providers: ['acme'] });
      expect(await (await fetch(`${origin}/messages`)).json()).toMatchObject({ total: 4 });
    } finally {
      await stop();
    }
    expect(blocks.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['file', 'into', 'run', 'serve']));
    const sent = printed.at(-1) ?? '';
    expect(sent).toMatch(/^sent {7}1 of 1 .*\ncreated {4}1\n[^]*^sent {7}3 of 3 .*\ncreated {4}3\n/m);
    expect(sent).toMatch(/\{"message_id":"acme-1".*"provider":"acme"/);
  },
  600_000,
);
