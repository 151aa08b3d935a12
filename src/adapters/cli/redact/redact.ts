import type { RedactPerson, Redaction } from '../../../application/maintenance/redact-person.ts';
import type { NumberPlaces } from '../../../application/ports/maintenance.ts';
import type { ErasurePreview } from '../../../application/ports/store.ts';
import type { Msisdn } from '../../../domain/message.ts';
import type { CommandDependencies } from '../dependencies.ts';
import { erasureResult, spaceLines } from '../erasure-result.ts';
import { progressOn } from '../progress.ts';
import type { Outcome } from '../outcome.ts';
import { EXIT_FAULT, UsageError } from '../run-command.ts';
import { RESUMABLE, untilStopped } from '../stop-signals.ts';
import { agreed } from './agreed.ts';

export interface RedactOptions {
  readonly from: Msisdn;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly compact: boolean;
  readonly json?: boolean;
}

export async function redact(
  { maintenance, drawsBars }: CommandDependencies,
  options: RedactOptions,
): Promise<Outcome> {
  const { dryRun = false, yes = false } = options;
  if (!dryRun && !yes && !(process.stdin.isTTY && process.stderr.isTTY)) {
    throw new UsageError('there is no terminal to ask on: look with --dry-run, then say --yes');
  }
  const { redact: using } = await maintenance();
  return using((person) => redactFrom(person, options, drawsBars));
}

async function redactFrom(
  person: RedactPerson,
  { from: number, dryRun = false, yes = false, compact, json = false }: RedactOptions,
  drawsBars: boolean,
): Promise<Outcome> {
  const preview = await person.preview(number);
  if (dryRun) {
    const words = [...previewLines(number, preview), 'nothing was erased: this was a dry run'];
    return { result: previewResult(number, preview), words };
  }
  if (!yes) {
    process.stderr.write(`${previewLines(number, preview).join('\n')}\n`);
    if (!(await agreed(process.stdin, process.stderr))) {
      process.stderr.write('nothing was erased\n');
      return { result: {}, words: [], failure: { status: EXIT_FAULT, message: 'nothing was erased' } };
    }
  }
  return untilStopped(RESUMABLE, async (signal) => {
    const progress = progressOn(process.stderr, drawsBars && !json);
    const work = { signal, onProgress: progress.show };
    const result = await person.execute(number, preview, compact, work).finally(progress.end);
    return {
      result: {
        number: masked(number),
        ...erasureResult(result),
        mentions: preview.mentions,
        placesLeft: result.places?.left ?? null,
        placesKept: result.places?.kept ?? null,
      },
      words: resultLines(number, result, preview.mentions),
    };
  });
}

/** The output of a command must not reveal the number. */
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

function previewResult(number: Msisdn, preview: ErasurePreview): Outcome['result'] {
  const { messages, total, fromPerson, toPerson, statuses, bodies, bereft, excerpts, mentions } = preview;
  return {
    dryRun: true,
    number: masked(number),
    would: { messages, statuses, bodies, bereft, excerpts },
    from: fromPerson,
    to: toPerson,
    mentions,
    total,
  };
}

function resultLines(number: Msisdn, result: Redaction, mentions: number): string[] {
  const { messages, statuses, bodies, bereft, excerpts } = result.erased;
  return [
    `number         ${masked(number)}`,
    `erased         ${String(messages)} messages, ${String(statuses)} statuses, ${String(bodies)} bodies, ${String(excerpts)} excerpts of refused webhooks`,
    ...(bereft === 0 ? [] : [`without body   ${String(bereft)} messages of other people, which stay`]),
    ...(mentions === 0
      ? []
      : [`stay           ${String(mentions)} messages of other people whose text names the number`]),
    ...spaceLines(result),
    ...remainder(result.places),
    'backups        made before still hold what was erased',
  ];
}

function remainder(places: NumberPlaces | null): string[] {
  if (places === null) {
    return [
      'remains        in free space of the tables until it is used again, and in the write-ahead log while that is kept',
    ];
  }
  const { left, kept } = places;
  if (left + kept === 0) return ['left           nothing: the number is nowhere in the files'];
  return [
    left === 0
      ? 'left           nothing'
      : `left           the number is in ${String(left)} places of the files: unused parts of pages without compacting, or a log that somebody reads: run it again`,
    ...(kept === 0
      ? []
      : [`kept           the number is in ${String(kept)} places of other people's texts, bodies and ids, which stay`]),
  ];
}
