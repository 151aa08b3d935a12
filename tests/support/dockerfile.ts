import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { npmOnce } from './npm-once.ts';

export interface Instruction {
  readonly name: string;
  /** What follows the name, continuation lines joined. */
  readonly args: string;
}

export interface Stage {
  readonly name: string;
  /** The image or the earlier stage it starts from, with build arguments filled in. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** The stages of a Dockerfile. Supports comments, continuation lines and ARG before FROM; no heredocs, no other escape. */
export function parseDockerfile(text: string): Stage[] {
  const globals = new Map<string, string>();
  const stages: (Stage & { instructions: Instruction[] })[] = [];

  for (const { name, args } of instructionsOf(text)) {
    const stage = stages.at(-1);
    if (name === 'FROM') {
      const [base = '', alias] = args.split(/\s+as\s+/i);
      stages.push({ name: alias ?? String(stages.length), base: fill(base, globals), instructions: [] });
    } else if (stage) {
      stage.instructions.push({ name, args });
    } else if (name === 'ARG') {
      for (const [key, value] of Object.entries(assignments(args))) globals.set(key, value);
    } else {
      throw new Error(`${name} before FROM`);
    }
  }
  return stages;
}

function instructionsOf(text: string): Instruction[] {
  return text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [, name = '', args = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
      return { name: name.toUpperCase(), args };
    });
}

function fill(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`no ARG ${name}`);
    return value;
  });
}

/** `A=1 B="two words"` as an object; the form of ENV, ARG and LABEL. */
export function assignments(args: string): Record<string, string> {
  const pairs = [...args.matchAll(/([^\s=]+)=("(?:[^"\\]|\\.)*"|\S*)/g)];
  return Object.fromEntries(pairs.map(([, key = '', value = '']) => [key, value.replace(/^"(.*)"$/, '$1')]));
}

/** The words of an exec form, or null if the arguments are a shell form. */
export function execForm(args: string): string[] | null {
  try {
    const words: unknown = JSON.parse(args);
    return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : null;
  } catch {
    return null;
  }
}

export interface Copy {
  /** The stage it copies from; undefined for the build context. */
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly destination: string;
}

export function parseCopy(args: string): Copy {
  const words = args.split(/\s+/);
  const flags = words.filter((word) => word.startsWith('--'));
  const unknown = flags.find((flag) => !flag.startsWith('--from='));
  if (unknown !== undefined) throw new Error(`COPY ${unknown} is not understood here`);

  const paths = words.filter((word) => !word.startsWith('--'));
  return {
    from: flags[0]?.slice('--from='.length),
    sources: paths.slice(0, -1),
    destination: paths.at(-1) ?? '',
  };
}

/** Whether a .dockerignore excludes a path from the build: the last pattern that matches it or a folder above it decides. */
export function dockerignore(text: string): (path: string) => boolean {
  const patterns = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ keeps: line.startsWith('!'), fits: globPattern(line.replace(/^!?\/?/, '').replace(/\/$/, '')) }));

  return (file) => {
    const parts = file.split('/');
    const ancestry = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    const decisive = patterns.findLast(({ fits }) => ancestry.some((candidate) => fits.test(candidate)));
    return decisive !== undefined && !decisive.keeps;
  };
}

/** Unlike a shell's, Docker's `*` matches names that begin with a dot. Supports no character classes. */
function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/?|\*|\?/g, (wildcard) => (wildcard.startsWith('**') ? '.*' : wildcard === '*' ? '[^/]*' : '[^/]'));
  return new RegExp(`^${source}$`);
}

export interface HostImage {
  /** The folder that stands in for the root of the file system. */
  readonly root: string;
  readonly workdir: string;
  readonly environment: Record<string, string>;
  /** Files with later modification times were not made by the build. */
  readonly builtAt: number;
}

/**
 * Executes a Dockerfile without a container engine: each stage becomes a folder below `folder`, with the
 * userland of this machine and, as in the image, Node 24 and its npm. Returns the last stage. It cannot show that
 * the base image exists, nor its content. Supports absolute paths below /app and /data.
 */
export function buildOnHost(repository: string, folder: string): HostImage {
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  copyFileSync(path.join(repository, 'node_modules/.bin/node'), path.join(bin, 'node'));
  npmOnce(bin);
  if (process.getuid?.() !== 0) {
    // Only root can change the owner of files. Any other user runs the service, too, and owns the files already.
    writeFileSync(path.join(bin, 'chown'), '#!/bin/sh\n', { mode: 0o755 });
  }

  const ignored = dockerignore(readFileSync(path.join(repository, '.dockerignore'), 'utf8'));
  const stages = new Map<string, HostImage>();
  for (const { name: stage, instructions } of parseDockerfile(
    readFileSync(path.join(repository, 'Dockerfile'), 'utf8'),
  )) {
    const root = path.join(folder, stage);
    mkdirSync(root);
    const environment: Record<string, string> = { PATH: `${bin}:${pathWithoutPackages()}` };
    let workdir = root;

    for (const { name, args } of instructions) {
      if (name === 'WORKDIR') {
        workdir = inside(root, args);
        mkdirSync(workdir, { recursive: true });
      } else if (name === 'ENV') {
        // The machine's programs stand in for those that PATH names in the image.
        Object.assign(environment, assignments(inside(root, args)), { PATH: environment['PATH'] });
      } else if (name === 'RUN') {
        run(inside(root, args), workdir, { ...registryAccess(), ...environment });
      } else if (name === 'COPY') {
        const { from, sources, destination } = parseCopy(args);
        const origin = from === undefined ? repository : stages.get(from)?.root;
        if (origin === undefined) throw new Error(`no stage ${String(from)} before this one`);
        const target = path.join(destination.startsWith('/') ? root : workdir, destination);
        if (from === undefined) copy(origin, sources, target, ignored);
        else copyStage(origin, sources, target);
      }
    }
    const done = path.join(folder, `${stage}-done`);
    writeFileSync(done, '');
    stages.set(stage, { root, workdir, environment, builtAt: statSync(done).mtimeMs });
  }

  const last = [...stages.values()].at(-1);
  if (!last) throw new Error('no stage');
  return last;
}

/** The absolute paths of an image as paths below the folder that stands in for its root. */
function inside(root: string, text: string): string {
  return text.replace(/(?<=^|[\s=]|sqlite:\/\/\/)\/(?=(app|data)\b)/g, `${root}/`);
}

function copy(origin: string, sources: readonly string[], target: string, ignored: (file: string) => boolean): void {
  for (const source of sources) {
    const from = path.join(origin, source);
    if (ignored(path.relative(origin, from))) throw new Error(`.dockerignore keeps ${source} out`);
    // Docker copies the content of a folder.
    cpSync(from, statSync(from).isDirectory() ? target : path.join(target, path.basename(source)), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (file) => !ignored(path.relative(origin, file)),
    });
  }
}

/** From another stage, with owners and modes. */
function copyStage(origin: string, sources: readonly string[], target: string): void {
  mkdirSync(target, { recursive: true });
  for (const source of sources) {
    const { status, stderr } = spawnSync('cp', ['-a', `${path.join(origin, source)}/.`, target], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`COPY ${source}\n${stderr}`);
  }
}

function run(command: string, cwd: string, env: Record<string, string>): void {
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command], { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`RUN ${command}\n${stdout}\n${stderr}`);
}

/** Without the tools that npm scripts of this repository see, so that none replaces one that the image lacks. */
function pathWithoutPackages(): string {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return folders.filter((folder) => !folder.includes('node_modules')).join(path.delimiter);
}

/** The variables that npm needs to reach its registry from this machine, and none that the npm around the tests has set. */
function registryAccess(): Record<string, string> {
  const wanted = /^(HOME|.*_proxy|NODE_EXTRA_CA_CERTS|npm_config_(registry|userconfig|globalconfig|cache|cafile))$/i;
  const set = Object.entries(process.env).filter((entry): entry is [string, string] => wanted.test(entry[0]));
  // npm does not request again what the cache of this machine holds.
  return { ...Object.fromEntries(set), npm_config_prefer_offline: 'true' };
}
