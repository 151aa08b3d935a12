/**
 * Writes what the service is made of, its production dependencies with versions, licences and hashes, as a CycloneDX 1.5 SBOM: to
 * `sbom.cdx.json`, or to the file that is named. From the lock file alone, so it needs no network and says the same of
 * the same lock file.
 *
 * npm's own `--omit dev` also leaves out what development needs as well, ajv and commander among them. So npm is asked for
 * everything, and what production does not lead to is taken away.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

interface Component {
  readonly 'bom-ref': string;
  readonly type: string;
  readonly name: string;
}
interface Bom {
  readonly serialNumber: string | undefined;
  readonly metadata: { readonly timestamp: string | undefined; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}
interface Manifest {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

const [file = 'sbom.cdx.json'] = process.argv.slice(2);
const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--offline'];
const npm = spawnSync('npm', args, { encoding: 'utf8', maxBuffer: 100e6 });
if (npm.status === 0) {
  const bom = production(JSON.parse(npm.stdout) as Bom, JSON.parse(readFileSync('package.json', 'utf8')) as Manifest);
  writeFileSync(file, `${JSON.stringify(bom, null, 2)}\n`);
  process.stdout.write(`${file}: ${String(bom.components.length)} components\n`);
} else {
  process.stderr.write(`npm sbom failed:\n${npm.stderr}\n`);
  process.exitCode = 1;
}

function production(whole: Bom, manifest: Manifest): Bom {
  const { component: about } = whole.metadata;
  const root = about['bom-ref'];
  const needs = new Map(whole.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const names = new Map(whole.components.map((component) => [component['bom-ref'], component.name]));
  const direct = (needs.get(root) ?? []).filter((ref) => Object.hasOwn(manifest.dependencies, names.get(ref) ?? ''));
  needs.set(root, direct);

  const kept = new Set([root]);
  for (const ref of kept) for (const needed of needs.get(ref) ?? []) kept.add(needed); // a Set gives what is added meanwhile
  return {
    ...whole,
    serialNumber: undefined, // another one each time, as is the timestamp
    // npm calls it a library by the name of its folder.
    metadata: {
      ...whole.metadata,
      timestamp: undefined,
      component: { ...about, type: 'application', name: manifest.name },
    },
    components: whole.components.filter((component) => kept.has(component['bom-ref'])),
    dependencies: [...needs].filter(([ref]) => kept.has(ref)).map(([ref, dependsOn]) => ({ ref, dependsOn })),
  };
}
