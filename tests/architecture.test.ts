import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const ROOT = path.resolve(import.meta.dirname, '..');
const { forbidden } = require('../.dependency-cruiser.cjs') as { forbidden: { name: string }[] };

/** For each rule a file that breaks this rule and no other. */
const VIOLATIONS: Readonly<Record<string, { file: string; source: string }>> = {
  'domain-depends-on-nothing': {
    file: 'src/domain/planted.ts',
    source: "import { randomUUID } from 'node:crypto';\nexport const planted = randomUUID;\n",
  },
  'application-depends-on-domain-only': {
    file: 'src/application/planted.ts',
    source: "import type Koa from 'koa';\nexport type Planted = Koa;\n",
  },
  'adapters-do-not-see-infrastructure': {
    file: 'src/adapters/cli/planted-infrastructure.ts',
    source: "import type { Config } from '../../infrastructure/config/config.ts';\nexport type Planted = Config;\n",
  },
  'adapters-do-not-see-each-other': {
    file: 'src/adapters/signature/planted-http.ts',
    source: "import { Problem } from '../http/problem.ts';\nexport const planted = Problem;\n",
  },
  'cli-sees-only-providers-and-formats': {
    file: 'src/adapters/cli/planted-signature.ts',
    source: "import { signHmac } from '../signature/hmac.ts';\nexport const planted = signHmac;\n",
  },
  'http-sees-only-providers': {
    file: 'src/adapters/http/planted-cli.ts',
    source: "import { say } from '../cli/run-command.ts';\nexport const planted = say;\n",
  },
  'providers-see-domain-ports-and-signature-only': {
    file: 'src/adapters/providers/planted-package.ts',
    source: "import { createHmac } from 'node:crypto';\nexport const planted = createHmac;\n",
  },
  'providers-do-not-see-each-other': {
    file: 'src/adapters/providers/twilio/planted-provider.ts',
    source: "import { webhook } from '../webhook/provider.ts';\nexport const planted = webhook;\n",
  },
  'contract-types-stay-in-http': {
    file: 'src/infrastructure/planted-contract.ts',
    source:
      "import type { operations } from '../adapters/http/contract/generated/openapi.ts';\nexport type Planted = operations;\n",
  },
  'only-persistence-knows-sql': {
    file: 'src/adapters/telemetry/metrics/planted-sql.ts',
    source: "import type { Knex } from 'knex';\nexport type Planted = Knex;\n",
  },
  'databases-do-not-see-each-other': {
    file: 'src/adapters/persistence/sqlite/planted-postgres.ts',
    source: "import { INDEX } from '../postgres/search/search-index.ts';\nexport const planted = INDEX;\n",
  },
  'shared-persistence-names-no-driver': {
    file: 'src/adapters/persistence/query/planted-driver.ts',
    source: "import type { Database } from 'better-sqlite3';\nexport type Planted = Database;\n",
  },
  'production-does-not-see-tests': {
    file: 'src/infrastructure/planted-test.ts',
    source: "import type { Helper } from '../../tests/helper.ts';\nexport type Planted = Helper;\n",
  },
  'client-stands-alone': {
    file: 'clients/typescript/src/planted.ts',
    source: "import { createHmac } from 'node:crypto';\nexport const planted = createHmac;\n",
  },
  'no-cycles': {
    file: 'src/infrastructure/planted-cycle.ts',
    source: "import * as self from './planted-cycle.ts';\nexport const planted = self;\n",
  },
  'no-orphans': { file: 'src/infrastructure/planted-orphan.ts', source: 'export const planted = 1;\n' },
};

describe('the dependency rules', () => {
  let copy = '';
  let broken: { rule: string; from: string }[] = [];

  beforeAll(async () => {
    copy = mkdtempSync(path.join(os.tmpdir(), 'architecture-'));
    for (const name of ['src', 'clients/typescript/src', 'package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) {
      cpSync(path.join(ROOT, name), path.join(copy, name), { recursive: true });
    }
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
    mkdirSync(path.join(copy, 'tests'));
    writeFileSync(path.join(copy, 'tests/helper.ts'), 'export type Helper = 1;\n');
    for (const { file, source } of Object.values(VIOLATIONS)) writeFileSync(path.join(copy, file), source);
    broken = await violations(copy);
  });
  afterAll(() => {
    rmSync(copy, { recursive: true, force: true });
  });

  it('hold in the sources', async () => {
    expect(await violations(ROOT)).toEqual([]);
  });

  it('are all covered by a planted violation', () => {
    expect(Object.keys(VIOLATIONS)).toEqual(forbidden.map(({ name }) => name));
  });

  it.each(Object.entries(VIOLATIONS))('%s bites', (rule, { file }) => {
    expect(broken).toContainEqual({ rule, from: file });
  });
});

async function violations(folder: string): Promise<{ rule: string; from: string }[]> {
  const cruiser = path.join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = [
    cruiser,
    'src',
    'clients/typescript/src',
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'json',
  ];
  const output = await run(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 26 }).then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { stdout: string }).stdout, // the exit status is the number of violations
  );
  const { summary } = JSON.parse(output) as { summary: { violations: { rule: { name: string }; from: string }[] } };
  return summary.violations.map(({ rule, from }) => ({ rule: rule.name, from }));
}
