import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';

const FOLDER = path.resolve(import.meta.dirname, '../../deploy/systemd');
export const systemdFile = (name: string): string => readFileSync(path.join(FOLDER, name), 'utf8');

/** A unit of systemd: all values of each key of each section, in order. Supports no continuation lines. */
export type Unit = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export function parseUnit(text: string): Unit {
  const unit: Record<string, Record<string, string[]>> = {};
  let section = '';
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, key = '', value = ''] = /^(?:\[(.+)\]|(\w+)=(.*))$/.exec(line) ?? [];
    if (name === undefined && key === '') throw new Error(`not understood: ${line}`);
    if (name !== undefined) section = name;
    else ((unit[section] ??= {})[key] ??= []).push(value);
  }
  return unit;
}

/** The last value of a key, which is the effective one; '' without a value. */
export const valueOf = (unit: Unit, section: string, key: string): string => unit[section]?.[key]?.at(-1) ?? '';

/** The variables that a unit sets itself, without its EnvironmentFile. */
export function environmentOf(unit: Unit): Record<string, string> {
  const lines = (unit['Service']?.['Environment'] ?? []).join(' ').replaceAll(' ', '\n');
  return parseEnv(lines) as Record<string, string>;
}
