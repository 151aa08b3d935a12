import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseEnv, promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { freePort } from '../support/free-port.ts';
import { npmOnce } from '../support/npm-once.ts';
import { freshCopy, readPage, ROOT, shellBlocks } from '../support/page-commands.ts';
import { postWebhook, type WebhookAnswer } from '../support/post-webhook.ts';
import { MESSAGE, SECRET } from '../support/service.ts';
import { systemdHost, type SystemdHost } from '../support/systemd-host.ts';
import { describeNeeding } from '../support/requirements.ts';

const run = promisify(execFile);
const PAGE = readPage('docs/operations.md');
const BLOCKS = shellBlocks(PAGE);
const executed = new Set<string>();

/** So that they do not take the processors that the work needs. */
const SENDERS_PAUSE_MS = 50;

let folder: string;
let host: SystemdHost;
let port: number;
let messages = 0;
const agent = new Agent({ keepAlive: false });

/** The commands of this page that stand under these headings, the how-manieth block of them; gives what they print. */
async function procedure(under: readonly string[], which = 0): Promise<string> {
  const block = BLOCKS.filter((found) => found.under.join() === under.join() && found.why === '')[which];
  if (block === undefined) throw new Error(`no commands under ${under.join(', ')}`);
  executed.add(block.script);
  const script = host.here(block.script).replaceAll(':8000', `:${String(port)}`);
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: folder,
    env: { ...process.env, PATH: `${host.path}:${process.env['PATH'] ?? ''}` },
    timeout: 290_000,
  });
  return stdout;
}

const environmentFile = (): string => host.here('/etc/webhook-inbox/env');
const environment = () => parseEnv(readFileSync(environmentFile(), 'utf8')) as Record<string, string>;
const database = (): string => host.here('/var/lib/webhook-inbox/data/app.db');

/** A message that was not sent before. */
function post(secret = SECRET): Promise<WebhookAnswer> {
  const body = JSON.stringify({ ...MESSAGE, message_id: `m${String(messages++)}` });
  return postWebhook(port, body, agent, host.watch.sent, secret);
}

function get(target: string, key?: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${String(port)}${target}`, {
    headers: key === undefined ? {} : { Authorization: `Bearer ${key}` },
  });
}

/** How many messages the database holds, asked past the service. */
function stored(): number {
  const db = new Database(database(), { readonly: true });
  try {
    return (db.prepare('select count(*) as rows from messages').get() as { rows: number }).rows;
  } finally {
    db.close();
  }
}

function columns(): string[] {
  const db = new Database(database(), { readonly: true });
  try {
    return (db.pragma('table_info(messages)') as { name: string }[]).map(({ name }) => name);
  } finally {
    db.close();
  }
}

/** Sends without a pause while the work is done, on a new connection each; gives what was not answered with 200, in words. */
async function refusedDuring(
  work: () => Promise<unknown>,
  secret = SECRET,
): Promise<{ refused: string[]; acknowledged: number }> {
  const refused: string[] = [];
  let acknowledged = 0;
  let working = true;
  async function sender(): Promise<void> {
    while (working) {
      await delay(SENDERS_PAUSE_MS);
      const answer = await post(secret).catch((error: unknown) => String(error));
      if (typeof answer === 'string') refused.push(answer);
      else if (answer.status === 200) acknowledged++;
      else refused.push(String(answer.status));
    }
  }
  const senders = Promise.all(Array.from({ length: 4 }, sender));
  try {
    await work();
  } finally {
    working = false;
    await senders;
  }
  return { refused, acknowledged };
}

/** Makes the folder the next version: one more migration, which adds a column. */
function nextVersion(version: string): void {
  const manifest = path.join(folder, 'package.json');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"version": ".*"/, `"version": "${version}"`));
  const lock = path.join(folder, 'package-lock.json');
  writeFileSync(lock, readFileSync(lock, 'utf8').replace(/"version": ".*"/, `"version": "${version}"`));
  // As old as before, or make would install again.
  execFileSync('touch', ['-d', '@0', lock]);
  writeFileSync(
    path.join(folder, 'src/adapters/persistence/schema/migrations/29990101000000_add_note.ts'),
    `import type { Knex } from 'knex';
export async function up(db: Knex): Promise<void> {
  await db.raw('alter table messages add column note text');
}
export async function down(db: Knex): Promise<void> {
  await db.raw('alter table messages drop column note');
}
`,
  );
}

const versions = () =>
  host.log.records.filter(({ message }) => message === 'listening').map(({ version }) => String(version));

beforeAll(async () => {
  folder = freshCopy('operations');
  port = await freePort();
  host = await systemdHost(folder);
  npmOnce(path.join(folder, 'bin'));
  // The first release is the build of this run.
  cpSync(path.join(ROOT, 'dist'), path.join(folder, 'dist'), { recursive: true });
  execFileSync('touch', [path.join(folder, 'dist/.built')]);
  for (const name of readdirSync(path.join(folder, 'deploy/systemd'))) {
    const file = path.join(folder, 'deploy/systemd', name);
    writeFileSync(file, host.here(readFileSync(file, 'utf8')).replace(':8000', `:${String(port)}`));
  }
});

afterAll(async () => {
  agent.destroy();
  await host.stop();
  rmSync(folder, { recursive: true, force: true });
});

describeNeeding(['curl', 'openssl'], 'docs/operations.md', () => {
  it('installs the service', async () => {
    const printed = await procedure(['Install', 'On a machine with systemd']);
    expect(printed).toMatch(/\{"status":"ready".*\}\s*$/);
    expect(environment()['WEBHOOK_SECRET']).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(environmentFile()).mode & 0o777).toBe(0o640);
    expect(stored()).toBe(0);
    const release = readlinkSync(host.here('/opt/webhook-inbox/current'));
    expect(readdirSync(path.join(release, 'node_modules'))).not.toContain('typescript');
    // It runs with the Node of the release, not that of the machine.
    expect(readlinkSync(`/proc/${String(host.process().pid)}/exe`)).toBe(path.join(release, 'bin/node'));

    expect((await post(environment()['WEBHOOK_SECRET'])).result).toBe('created');
    writeFileSync(
      environmentFile(),
      readFileSync(environmentFile(), 'utf8').replace(/^WEBHOOK_SECRET=.*$/m, `WEBHOOK_SECRET=${SECRET}`),
    );
    await run(path.join(folder, 'bin/systemctl'), ['restart', 'webhook-inbox']);
    expect((await post()).status).toBe(200);
  }, 300_000);

  it('changes nothing that runs when the new release cannot migrate', async () => {
    const links = () => readdirSync(host.here('/opt/webhook-inbox')).filter((name) => name !== 'releases');
    const script = path.join(folder, 'deploy/systemd/release');
    const broken = path.join(folder, 'broken');
    const kept = readFileSync(script);
    const [before, release] = [links(), readlinkSync(host.here('/opt/webhook-inbox/current'))];
    mkdirSync(path.join(broken, 'bin'), { recursive: true });
    writeFileSync(path.join(broken, 'bin/node'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    writeFileSync(script, `#!/bin/sh\necho '${broken}'\n`);
    await expect(procedure(['Upgrade', 'On one machine'], 0)).rejects.toMatchObject({ code: 1 });
    writeFileSync(script, kept);
    expect(links()).toEqual(before);
    expect(readlinkSync(host.here('/opt/webhook-inbox/current'))).toBe(release);
  });

  it('upgrades it with no webhook refused', async () => {
    const before = stored();
    nextVersion('7.8.9');
    const { refused, acknowledged } = await refusedDuring(() => procedure(['Upgrade', 'On one machine'], 0));
    expect(refused).toEqual([]);
    expect(acknowledged).toBeGreaterThan(0);
    expect(stored()).toBe(before + acknowledged);
    expect(versions().at(-1)).toBe('7.8.9');
    expect(columns()).toContain('note');
  }, 300_000);

  it('takes back a schema', async () => {
    const before = stored();
    const printed = await procedure(['Schema rollback']);
    expect(printed.match(/^took back .*$/gm)).toEqual(['took back 29990101000000_add_note']);
    expect(versions().at(-1)).toBe(versions()[0]);
    expect(columns()).not.toContain('note');
    expect(stored()).toBe(before);
    expect((await post()).result).toBe('created');
  }, 300_000);

  it('upgrades it again, and goes back to the version before without the schema', async () => {
    await procedure(['Upgrade', 'On one machine'], 0);
    expect(versions().at(-1)).toBe('7.8.9');
    const before = stored();
    const { refused, acknowledged } = await refusedDuring(() => procedure(['Upgrade', 'On one machine'], 1));
    expect(refused).toEqual([]);
    expect(stored()).toBe(before + acknowledged);
    expect(versions().at(-1)).toBe(versions()[0]);
    expect(columns()).toContain('note');
    expect(await (await get('/health/ready')).json()).toMatchObject({ status: 'ready', checks: { schema: 'ok' } });
  }, 300_000);

  it('rotates the secret of a webhook', async () => {
    const lastVerified = async (): Promise<string[]> =>
      (await procedure(['Rotate a secret', 'Of a webhook'], 1))
        .split('\n')
        .filter((line) => line.startsWith('webhook_secret_last_verified_timestamp_seconds{'));
    await procedure(['Rotate a secret', 'Of a webhook'], 0);
    const next = environment()['WEBHOOK_SECRET'] ?? '';
    expect(environment()['WEBHOOK_SECRET_PREVIOUS']).toBe(SECRET);
    expect(next).toMatch(/^[0-9a-f]{64}$/);
    expect((await post(next)).status).toBe(200);
    expect((await lastVerified()).filter((line) => line.includes('secret="previous"'))).toEqual([]);
    expect((await post(SECRET)).status).toBe(200);
    expect((await lastVerified()).filter((line) => line.includes('secret="previous"'))).toHaveLength(1);

    await procedure(['Rotate a secret', 'Of a webhook'], 2);
    expect((await post(next)).status).toBe(200);
    expect((await post(SECRET)).status).toBe(401);
  }, 300_000);

  it('rotates a key for reading', async () => {
    const keys = () => (environment()['READ_API_KEYS'] ?? '').split(',');
    const statuses = (...given: string[]) => Promise.all(given.map(async (key) => (await get('/stats', key)).status));
    await procedure(['Rotate a secret', 'For reading'], 0);
    const [first = ''] = keys();
    expect(keys()).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(await statuses(first, '')).toEqual([200, 401]);

    await procedure(['Rotate a secret', 'For reading'], 0);
    const [second = ''] = keys();
    expect(keys()).toEqual([second, first]);
    expect(await statuses(first, second)).toEqual([200, 200]);

    await procedure(['Rotate a secret', 'For reading'], 1);
    expect(keys()).toEqual([second]);
    expect(await statuses(first, second)).toEqual([401, 200]);
  }, 300_000);

  it('backs up, tries the backup beside the service, and restores it', async () => {
    const before = stored();
    const first = await procedure(['Back up and restore', 'Back up']);
    expect(first).toMatch(/\d{8}T\d{6}Z\.db$/m);
    const secret = environment()['WEBHOOK_SECRET'];
    const drill = await refusedDuring(() => procedure(['Back up and restore', 'The restore drill']), secret);
    expect(drill.refused).toEqual([]);
    expect(stored()).toBe(before + drill.acknowledged);
    expect(readdirSync(host.here('/var/lib/webhook-inbox'))).not.toContain('drill');

    await procedure(['Back up and restore', 'Restore']);
    expect(stored()).toBe(before);
    expect((await post(secret)).result).toBe('created');
    const data = path.dirname(database());
    const kept = readdirSync(data).filter((name) => /^app\.db\.before-restore-.*Z$/.test(name));
    expect(kept).toHaveLength(1);
    const old = new Database(path.join(data, kept[0] ?? ''), { readonly: true });
    expect(old.prepare('select count(*) as rows from messages').get()).toEqual({ rows: before + drill.acknowledged });
    old.close();
  }, 300_000);

  it('erases what is old, and one person', async () => {
    const db = new Database(database());
    const age = () =>
      db
        .prepare(
          'update messages set received_at = 0 where seq in (select seq from messages where received_at <> 0 limit 2)',
        )
        .run();
    const secret = environment()['WEBHOOK_SECRET'];
    await procedure(['Upgrade', 'On one machine'], 0); // back to the version of the schema: another one erases nothing
    const before = stored();
    expect(before).toBeGreaterThan(4);
    age();
    await procedure(['Keep less'], 0);
    expect(stored()).toBe(before - 2);

    age();
    const starts = versions().length;
    await procedure(['Keep less'], 1);
    await host.log.first(({ message }) => message === 'old messages were erased');
    expect(versions()).toHaveLength(starts + 1);
    expect(stored()).toBe(before - 4);

    const person = { ...MESSAGE, from: '+14155550100', message_id: `m${String(messages++)}` };
    expect((await postWebhook(port, JSON.stringify(person), agent, host.watch.sent, secret)).result).toBe('created');
    await procedure(['Keep less'], 2);
    expect(stored()).toBe(before - 4);
    expect(db.prepare('select count(*) as rows from messages where from_msisdn = ?').get(person.from)).toEqual({
      rows: 0,
    });
    db.close();
  }, 300_000);

  it('takes the messages elsewhere', async () => {
    const before = stored();
    const printed = await procedure(['Back up and restore', 'Take the messages elsewhere']);
    expect(printed).toMatch(new RegExp(`^created +${String(before)}$`, 'm'));
    const elsewhere = new Database(host.here('/var/lib/webhook-inbox/elsewhere/app.db'), { readonly: true });
    expect(elsewhere.prepare('select count(*) as rows from messages').get()).toEqual({ rows: before });
    elsewhere.close();
    expect(stored()).toBe(before);
  });

  it('says what to do about a full disk, of which the service recovers by itself', async () => {
    // As far as the service can tell: no file may grow, and the system refuses to write.
    // The service's own user may set that.
    const limit = (bytes: string) => {
      const prlimit = ['prlimit', '--pid', String(host.process().pid), `--fsize=${bytes}:unlimited`];
      return run(path.join(folder, 'bin/runuser'), ['-u', 'webhook-inbox', '--', ...prlimit]);
    };
    const before = stored();
    await limit('4096');
    expect(await post(environment()['WEBHOOK_SECRET'])).toMatchObject({ status: 503, retryAfter: expect.anything() });
    const found = await procedure(['Disk full'], 0);
    expect(found).toContain('"database":"unwritable"');
    expect(found).toMatch(/ \d+ SQLITE_[A-Z_]+$/m);
    await limit('unlimited');
    const mended = await procedure(['Disk full'], 1);
    expect(mended).toContain('"status":"ready"');
    expect(mended).not.toMatch(/^fail/m);
    expect((await post(environment()['WEBHOOK_SECRET'])).result).toBe('created');
    expect(stored()).toBe(before + 1);
  }, 300_000);

  it('has no commands but those that were run, and those that need what a test has not', () => {
    const left = BLOCKS.filter(({ script }) => !executed.has(script));
    const cluster = 'needs a cluster';
    expect(left.map(({ why }) => why)).toEqual(['docker', cluster, cluster, 'docker', cluster]);
  });

  it('leaves nothing behind in the shell that would lead the next command to another database', () => {
    expect(PAGE).not.toMatch(/^ *export /m);
  });

  it('keeps the settings of the image that a copy of .env.example would undo', () => {
    const container = BLOCKS.find(({ why }) => why === 'docker')?.script;
    for (const setting of ['HOST=0.0.0.0', 'MIGRATE_ON_START=true']) {
      expect(readPage('Dockerfile')).toContain(setting);
      expect(container).toContain(`-e ${setting} `);
    }
  });
});
