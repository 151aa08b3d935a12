import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const ROOT = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'sbom-'));

interface Component {
  readonly 'bom-ref': string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes: readonly { alg: string; content: string }[];
}
interface Bom {
  readonly specVersion: string;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { ref: string; dependsOn: string[] }[];
}
interface Lock {
  readonly packages: Readonly<Record<string, { version: string; integrity?: string; dev?: boolean }>>;
}

const read = (name: string): unknown => JSON.parse(readFileSync(path.join(ROOT, name), 'utf8'));
const manifest = read('package.json') as Pick<Component, 'name' | 'version'> & { dependencies: Record<string, string> };
/** The packages that `npm ci --omit dev` installs, as the image does. */
const installed = Object.entries((read('package-lock.json') as Lock).packages)
  .filter(([place, { dev }]) => place !== '' && dev !== true)
  .map(([place, one]) => ({ name: place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length), ...one }));

/** Without a registry. */
async function written(name: string): Promise<string> {
  const file = path.join(folder, name);
  const env = {
    ...process.env,
    npm_config_registry: 'http://127.0.0.1:9',
    npm_config_cache: path.join(folder, 'cache'),
  };
  await promisify(execFile)('npm', ['run', '-s', 'sbom', '--', file], { cwd: ROOT, env });
  return readFileSync(file, 'utf8');
}

let text = '';
let bom: Bom;
beforeAll(async () => {
  text = await written('sbom.json');
  bom = JSON.parse(text) as Bom;
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const faults = (json: string) => new Validation.JsonStrictValidator(Spec.Version.v1dot5).validate(json);
const nameOf = ({ name, version }: { name: string; version: string }): string => `${name}@${version}`;

describe('npm run sbom', () => {
  it('writes a document that is valid by the schema of CycloneDX 1.5', async () => {
    expect(bom.specVersion).toBe('1.5');
    expect(await faults(text)).toBeNull();
    expect(await faults(text.replace('"type": "library"', '"type": "book"'))).not.toBeNull();
  });

  it('describes this service', () => {
    const { name, version } = manifest;
    expect(bom.metadata.component).toMatchObject({
      type: 'application',
      name,
      version,
      purl: `pkg:npm/${name}@${version}`,
    });
  });

  it('has each component of the production tree of the lock file, and no other', () => {
    expect(bom.components.map(nameOf).toSorted()).toEqual([...new Set(installed.map(nameOf))].toSorted());
    expect(bom.components.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(manifest.dependencies)));
    expect(bom.components.map(({ name }) => name)).not.toEqual(expect.arrayContaining(['jest']));
  });

  it('has the hashes of the lock file', () => {
    const hashes = (component: Component) => component.hashes.map(({ content }) => content);
    for (const { integrity = '', ...one } of installed) {
      const [component] = bom.components.filter((candidate) => nameOf(candidate) === nameOf(one));
      expect(component && hashes(component)).toEqual([
        Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex'),
      ]);
    }
  });

  it('lists all dependencies between them, and no others', () => {
    const refs = new Set([bom.metadata.component, ...bom.components].map((component) => component['bom-ref']));
    expect(new Set(bom.dependencies.map(({ ref }) => ref))).toEqual(refs);
    for (const { dependsOn } of bom.dependencies) for (const ref of dependsOn) expect(refs).toContain(ref);
    const root = bom.dependencies.find(({ ref }) => ref === bom.metadata.component['bom-ref']);
    expect(root?.dependsOn.toSorted()).toEqual(
      Object.entries(manifest.dependencies)
        .map(([name, version]) => `${name}@${version}`)
        .toSorted(),
    );
  });

  it('writes the same document for the same lock file', async () => {
    expect(await written('again.json')).toBe(text);
  });
});
