import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** Debian's, of the package `prometheus`. */
export const PROMTOOL = process.env['PROMTOOL'] ?? 'promtool';
export const PROMETHEUS = process.env['PROMETHEUS'] ?? 'prometheus';

export const OBSERVABILITY = fileURLToPath(new URL('../../deploy/observability/', import.meta.url));
export const RULE_FILES = ['rules/recording.yml', 'rules/alerts.yml'] as const;

export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** All shipped rules, in order. */
export function shippedRules(): Rule[] {
  return RULE_FILES.flatMap((name) => {
    const { groups } = parse(readFileSync(path.join(OBSERVABILITY, name), 'utf8')) as { groups: { rules: Rule[] }[] };
    return groups.flatMap(({ rules }) => rules);
  });
}

/** A copy of the shipped files, which a test may change; `remove` deletes it. */
export function observabilityCopy(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'observability-'));
  cpSync(OBSERVABILITY, folder, { recursive: true });
  return {
    folder,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Changes one of its files. Throws if there is nothing to change. */
export function change(file: string, from: string | RegExp, to: string): void {
  const text = readFileSync(file, 'utf8');
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`${file} has no ${String(from)}`);
  writeFileSync(file, changed);
}

/** The output and status of promtool. Rejects if it cannot be run. */
export function promtool(args: readonly string[], input = ''): Promise<{ status: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = execFile(PROMTOOL, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') {
        reject(new Error(`promtool cannot be run: install Debian's package prometheus (${error.message})`));
        return;
      }
      resolve({ status: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
    child.stdin?.end(input);
  });
}
