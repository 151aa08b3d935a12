import type { ErasurePreview } from '../../../application/ports/store.ts';
import type { PersonRule } from '../../../domain/erasure-rule.ts';
import type { Msisdn } from '../../../domain/message.ts';
import { EXIT_FAULT, jsonLine, say, UsageError } from '../run-command.ts';
import type { ErasingDatabase } from '../../../infrastructure/database.ts';
import { progressOn } from '../progress.ts';
import { stopSignal } from '../stop-signals.ts';
import { withErasing } from '../erasing/database.ts';
import { asJson, erase, spaceLines, type ErasureResult } from '../erasing/erase.ts';
import { agreed } from './agreed.ts';
import { placesLeft } from './places-left.ts';

export interface RedactOptions {
  readonly from: Msisdn;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly compact: boolean;
  readonly json?: boolean;
}

export async function redact(options: RedactOptions): Promise<number> {
  const { dryRun = false, yes = false } = options;
  if (!dryRun && !yes && !(process.stdin.isTTY && process.stderr.isTTY)) {
    throw new UsageError('there is no terminal to ask on: look with --dry-run, then say --yes');
  }
  return withErasing({ overwrite: true }, (database) => redactFrom(database, options));
}

async function redactFrom(
  database: ErasingDatabase,
  { from: number, dryRun = false, yes = false, compact, json = false }: RedactOptions,
): Promise<number> {
  const rule: PersonRule = { of: 'person', number };
  const preview = await database.eraser.preview(rule);
  if (dryRun) {
    say(
      json
        ? [previewAsJson(number, preview)]
        : [...previewLines(number, preview), 'nothing was erased: this was a dry run'],
    );
    return 0;
  }
  if (!yes) {
    process.stderr.write(`${previewLines(number, preview).join('\n')}\n`);
    if (!(await agreed(process.stdin, process.stderr))) {
      process.stderr.write('nothing was erased\n');
      return EXIT_FAULT;
    }
  }
  const signal = stopSignal();
  const progress = progressOn(process.stderr, process.stderr.isTTY && !json);
  const options = { signal, progress, expected: preview.messages, compact, thorough: true };
  const result = await erase(database, rule, options).finally(progress.end);
  const places = database.file === null ? null : await placesLeft(database.file, number);
  say(
    json
      ? [resultAsJson(number, result, places, preview.mentions)]
      : resultLines(number, result, places, preview.mentions),
  );
  return 0;
}

/** Nobody is to learn the number from what a command printed. */
function masked(number: Msisdn): string {
  return number.length > 8 ? `+…${number.slice(-4)}` : '+…';
}

function previewLines(number: Msisdn, preview: ErasurePreview): string[] {
  const { messages, total, fromPerson, toPerson, statuses, bodies, bereft, excerpts, mentions } = preview;
  return [
    `number         ${masked(number)}`,
    `would go       ${String(messages)} of ${String(total)} messages: ${String(fromPerson)} from the number, ${String(toPerson)} to it`,
    `               ${String(statuses)} statuses, ${String(bodies)} bodies, ${String(excerpts)} excerpts of refused webhooks`,
    ...(bereft === 0 ? [] : [`               the bodies of ${String(bereft)} messages of other people, which stay`]),
    ...(mentions === 0
      ? []
      : [`would stay     ${String(mentions)} messages of other people whose text names the number`]),
  ];
}

function previewAsJson(number: Msisdn, preview: ErasurePreview): string {
  const { messages, total, fromPerson, toPerson, statuses, bodies, bereft, excerpts, mentions } = preview;
  return jsonLine({
    ok: true,
    dryRun: true,
    number: masked(number),
    would: { messages, statuses, bodies, bereft, excerpts },
    from: fromPerson,
    to: toPerson,
    mentions,
    total,
  });
}

function resultLines(number: Msisdn, result: ErasureResult, places: number | null, mentions: number): string[] {
  const { messages, statuses, bodies, bereft, excerpts } = result.erased;
  return [
    `number         ${masked(number)}`,
    `erased         ${String(messages)} messages, ${String(statuses)} statuses, ${String(bodies)} bodies, ${String(excerpts)} excerpts of refused webhooks`,
    ...(bereft === 0 ? [] : [`without body   ${String(bereft)} messages of other people, which stay`]),
    ...(mentions === 0
      ? []
      : [`stay           ${String(mentions)} messages of other people whose text names the number`]),
    ...spaceLines(result),
    ...remainder(places),
    'backups        made before still hold what was erased',
  ];
}

function remainder(places: number | null): string[] {
  if (places === null) {
    return [
      'remains        in free space of the tables until it is used again, and in the write-ahead log while that is kept',
    ];
  }
  return [
    places === 0
      ? 'left           the number is nowhere in the files'
      : `left           the number is in ${String(places)} places of the files: other people's texts and bodies, unused parts of pages without compacting, or a log that somebody reads: run it again`,
  ];
}

function resultAsJson(number: Msisdn, result: ErasureResult, places: number | null, mentions: number): string {
  return jsonLine({ ok: true, number: masked(number), ...asJson(result), mentions, placesLeft: places });
}
