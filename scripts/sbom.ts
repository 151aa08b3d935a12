/**
 * Writes the production dependencies of the service, with versions, licences and hashes, as a CycloneDX 1.5 SBOM to
 * `sbom.cdx.json` or to the given file. It reads only the lock file, so it needs no network, and the same lock file gives
 * the same result.
 *
 * npm's own `--omit dev` also omits packages that both production and development need, such as ajv and commander. So npm
 * lists all packages, and this script removes those that production does not reach.
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
  for (const ref of kept) for (const needed of needs.get(ref) ?? []) kept.add(needed); // iterating over a Set includes elements added meanwhile
  return {
    ...whole,
    serialNumber: undefined, // differs each time, like the timestamp
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
