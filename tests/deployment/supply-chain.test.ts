import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}
interface Locked {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly inBundle?: boolean;
}
type Lock = Readonly<Record<string, Locked>>;

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = (JSON.parse(read('package-lock.json')) as { packages: Lock }).packages;

const loose = ({ dependencies, devDependencies }: Manifest): string[] =>
  Object.entries({ ...dependencies, ...devDependencies })
    .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
    .map(([name]) => name);

/** Packages without a hash, or from elsewhere than a registry: those have no address in the lock file. */
const unfixed = (packages: Lock): string[] =>
  Object.entries(packages)
    .filter(([place, { inBundle }]) => place !== '' && inBundle !== true)
    .filter(([, { resolved, integrity = '' }]) => resolved !== undefined || !/^sha512-[\w+/]{86}==$/.test(integrity))
    .map(([place]) => place);

describe('the packages', () => {
  it('have exact versions', () => {
    expect(loose(manifest)).toEqual([]);
    expect(loose({ ...manifest, dependencies: { koa: '^3.3.0' } })).toEqual(['koa']);
  });

  it('have hashes, and come from a registry', () => {
    expect(Object.keys(lock).length).toBeGreaterThan(500);
    expect(unfixed(lock)).toEqual([]);
    const { integrity = '' } = lock['node_modules/koa'] ?? {};
    const planted = {
      x: { resolved: 'git+ssh://git@example.com/x.git#1', integrity },
      y: { integrity: 'sha1-x' },
      z: {},
    };
    expect(unfixed({ ...lock, ...planted })).toEqual(['x', 'y', 'z']);
  });
});

describe('CI', () => {
  it('looks for known vulnerabilities, and fails when there are', () => {
    const steps = /^ +for step in (.+); do$/m.exec(read('.ci/run'))?.[1]?.split(' ') ?? [];
    expect(steps).toContain('audit');
    expect(read('.ci/run')).toMatch(/npm run -s "\$step" .*\|\| \{ echo "npm run \$step failed"/);
  });

  it('runs no foreign action; one would have to be pinned to its commit', () => {
    expect(existsSync(path.join(ROOT, '.github/workflows'))).toBe(false);
  });
});
