import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Widely used generators of clients, and how each is called. Their only input is the contract. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CONTRACT = path.join(ROOT, 'api/openapi.yaml');

/** The folder of the generated clients, for readers who want to see what an SDK looks like. Not committed. */
export const SDK_FOLDER = path.join(ROOT, '.sdk');

export interface Generator {
  readonly name: string;
  /** The npm command, for a client in `generated/` of the working directory. */
  readonly command: readonly string[];
}

export const GENERATORS: readonly Generator[] = [
  { name: 'openapi-fetch', command: ['openapi-typescript', CONTRACT, '-o', 'generated/schema.ts'] },
  { name: 'hey-api', command: ['openapi-ts', '-i', CONTRACT, '-o', 'generated', '--no-log-file', '--silent'] },
  {
    name: 'orval',
    command: ['orval', '--input', CONTRACT, '--output', 'generated/inbox.ts', '--client', 'fetch', '--mode', 'split'],
  },
];

const TSCONFIG = {
  compilerOptions: {
    ...{ target: 'es2022', lib: ['es2024', 'dom', 'dom.iterable'], module: 'nodenext', types: [], strict: true },
    skipLibCheck: true,
    ...{ moduleResolution: 'nodenext', rewriteRelativeImportExtensions: true, outDir: 'compiled' },
  },
  include: ['*.ts', 'generated'],
};

/** Generates a client and compiles it, in strict mode, with the file that adapts it to the scenario. Throws a tool's complaint. */
export function generate({ name, command: [tool = '', ...args] }: Generator): { folder: string; entry: string } {
  const folder = path.join(SDK_FOLDER, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const run = (bin: string, options: readonly string[]): void => {
    try {
      execFileSync(path.join(ROOT, 'node_modules/.bin', bin), options, { cwd: folder, stdio: 'pipe' });
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer };
      throw new Error(`${bin} failed for ${name}:\n${String(stdout)}${String(stderr)}`, { cause: error });
    }
  };
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "commonjs" }\n');
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  run(tool, args);
  const own = path.join(ROOT, 'tests/sdk');
  cpSync(path.join(own, 'sdk-client.ts'), path.join(folder, 'sdk-client.ts'));
  cpSync(path.join(own, 'clients', `${name}.ts`), path.join(folder, 'client.ts'));
  run('tsc', ['-p', '.']);
  return { folder, entry: path.join(folder, 'compiled/client.js') };
}

/** Names that a generator made up because the contract has none or has one twice. */
export function awkwardNames(folder: string): string[] {
  const files = readdirSync(path.join(folder, 'generated'), { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => file.endsWith('.ts') && !/(^|\/)(core|client)\//.test(file));
  return sources.flatMap((file) => {
    const source = readFileSync(path.join(folder, 'generated', file), 'utf8');
    const names = [...source.matchAll(/^export (?:declare )?(?:type|interface|const|function|enum|class) (\w+)/gm)];
    return names.flatMap(([, name = '']) =>
      // A status at the end of a name is not a number that distinguishes two equal names.
      /inline|anonymous|^\w*_\w*$|\D\d{1,2}$/i.test(name) ? [name] : [],
    );
  });
}
