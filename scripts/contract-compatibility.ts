import { copyFileSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { parse } from 'yaml';
import { documentOf, type Node } from './compatibility/document.ts';
import { breakingChanges } from './compatibility/operations.ts';
import { mayBreak } from './compatibility/version.ts';

/** `npm run contract:compatibility`, and `contract:release`, which makes today's contract the one that is compared with. */

const { args, ...command } = { ...commandLine() };
const [releasedFile = 'api/released.yaml', currentFile = 'api/openapi.yaml'] = args;

try {
  const [released, current] = [read(releasedFile), read(currentFile)];
  const changes = breakingChanges(documentOf(released), documentOf(current));
  const [from, to] = [versionOf(released), versionOf(current)];
  const allowed = mayBreak(from, to);
  for (const { at, what } of changes) console.log(`${at}: ${what}`);
  if (changes.length > 0 && !allowed) {
    console.error(
      `\n${count(changes.length)} from ${from}, and the version is ${to}: take them back, or raise info.version to a ${from.startsWith('0.') ? 'minor' : 'major'} one.`,
    );
    process.exitCode = 1;
  } else {
    console.log(`${changes.length === 0 ? 'nothing breaks' : count(changes.length)} between ${from} and ${to}`);
    if (command.release) copyFileSync(currentFile, releasedFile);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}

function commandLine(): { args: readonly string[]; release: boolean } {
  const program = new Command('npm run contract:compatibility --')
    .description('say what in the contract breaks clients of the last released one')
    .argument('[released]', 'the contract that clients were made for (api/released.yaml)')
    .argument('[current]', 'the contract as it is (api/openapi.yaml)')
    .option('--release', 'afterwards, keep the current contract as the released one')
    .addHelpText(
      'after',
      '\nExit status: 0 nothing breaks or the version says so, 1 something does, 2 a file cannot be read.',
    )
    .parse();
  return { args: program.args, release: program.opts<{ release?: boolean }>().release === true };
}

function read(file: string): Node {
  return parse(readFileSync(file, 'utf8')) as Node;
}

function versionOf({ info }: Node): string {
  return String((info as Node | undefined)?.['version']);
}

function count(changes: number): string {
  return changes === 1 ? '1 breaking change' : `${String(changes)} breaking changes`;
}
