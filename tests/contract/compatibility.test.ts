import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { documentOf, type BreakingChange } from '../../scripts/compatibility/document.ts';
import { breakingChanges } from '../../scripts/compatibility/operations.ts';
import { mayBreak } from '../../scripts/compatibility/version.ts';
import { contract } from '../support/contract-check.ts';
import { BREAKING, COMPATIBLE, type PlantedChange } from './planted-changes.ts';

function changesOf({ plant }: PlantedChange): BreakingChange[] {
  const changed = structuredClone(contract);
  plant(changed);
  return breakingChanges(documentOf(contract), documentOf(changed));
}

describe('a change of the contract', () => {
  it.each(BREAKING)('breaks clients: $name', (change) => {
    const places = changesOf(change).map(({ at }) => at);
    expect(places.filter((at) => at.startsWith(change.at) || at.endsWith(change.at))).not.toEqual([]);
  });

  it.each(COMPATIBLE)('does not break clients: $name', (change) => {
    const changed = structuredClone(contract);
    change.plant(changed);
    expect(changed).not.toEqual(contract);
    expect(changesOf(change)).toEqual([]);
  });

  it('is reported once, at its place, even if many operations use it', () => {
    const [narrower] = BREAKING.filter(({ name }) => name.startsWith('a header of an answer need not'));
    expect(narrower && changesOf(narrower)).toEqual([
      { at: '#/components/headers/RetryAfter', what: 'was always there and need not be now' },
    ]);
  });
});

describe('a version that may break clients', () => {
  it.each([
    ['1.2.3', '2.0.0', true],
    ['1.2.3', '1.3.0', false],
    ['1.2.3', '1.2.4', false],
    ['1.2.3', '1.2.3', false],
    ['0.1.0', '0.2.0', true],
    ['0.1.0', '0.1.1', false],
    ['0.9.0', '1.0.0', true],
    ['1.9.0', '1.10.0', false],
  ])('%s to %s: %s', (released, current, expected) => {
    expect(mayBreak(released, current)).toBe(expected);
  });

  it.each([
    ['1.2.3', '1.2.2'],
    ['2.0.0', '1.9.9'],
    ['1.2.3', '1.2'],
    ['undefined', '1.2.3'],
  ])('rejects the versions %s and %s', (released, current) => {
    expect(() => mayBreak(released, current)).toThrow(RangeError);
  });
});

describe('npm run contract:compatibility', () => {
  const SCRIPT = 'scripts/contract-compatibility.ts';
  const folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-'));
  const [released, current] = [path.join(folder, 'released.yaml'), path.join(folder, 'current.yaml')];
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function run(version: string, ...options: string[]) {
    const changed = structuredClone(contract) as { info: { version: string } };
    changed.info.version = version;
    BREAKING[0]?.plant(changed);
    writeFileSync(released, stringify({ ...contract, info: { ...(contract['info'] as object), version: '0.1.0' } }));
    writeFileSync(current, stringify(changed));
    return spawnSync(process.execPath, [SCRIPT, released, current, ...options], { encoding: 'utf8' });
  }

  it('finds nothing in the current contract', () => {
    expect(execFileSync(process.execPath, [SCRIPT], { encoding: 'utf8' })).toMatch(/^nothing breaks between /);
  });

  it('fails on a breaking change and says what to do', () => {
    const { status, stdout, stderr } = run('0.1.1');
    expect([status, stdout]).toEqual([1, '#/paths/~1stats/get: is gone\n']);
    expect(stderr).toContain('1 breaking change from 0.1.0, and the version is 0.1.1');
    expect(stderr).toContain('raise info.version to a minor one');
  });

  it('accepts one when the version says it, and stores the contract when that version is released', () => {
    expect(run('0.2.0').status).toBe(0);
    expect((parse(readFileSync(released, 'utf8')) as typeof contract)['paths']).toHaveProperty(['/stats']);
    expect(run('0.2.0', '--release').status).toBe(0);
    expect(readFileSync(released, 'utf8')).toBe(readFileSync(current, 'utf8'));
  });

  it('names the file that it cannot read', () => {
    const { status, stderr } = spawnSync(process.execPath, [SCRIPT, path.join(folder, 'none.yaml')], {
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stderr).toContain('none.yaml');
  });
});
