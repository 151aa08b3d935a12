/** A metric family of the Prometheus text format or of OpenMetrics. */
export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: { readonly name: string; readonly labels: Record<string, string>; readonly value: number }[];
}

/** The families of an exposition. Throws if it violates the format. */
export function parseExposition(exposition: string): Family[] {
  const families: Family[] = [];
  const lines = exposition
    .replace(/\n$/, '')
    .split('\n')
    .filter((line) => line !== '' && line !== '# EOF');
  for (const line of lines) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line) ?? [];
    const family = families.at(-1);
    if (keyword === 'HELP') families.push({ name, type: '', help: rest, samples: [] });
    else if (keyword === 'TYPE' && family?.name === name) families.splice(-1, 1, { ...family, type: rest });
    else if (family !== undefined && family.type !== '') family.samples.push(parseSample(line, family));
    else throw new Error(`not a line of an exposition: ${line}`);
  }
  return families;
}

function parseSample(line: string, family: Family): Family['samples'][number] {
  const [, name = '', labels = '', value = ''] =
    /^([a-zA-Z_:][\w:]*)(?:\{([^]*)\})? (-?[0-9.e+-]+|[+-]Inf|[Nn]a[Nn])$/.exec(line) ?? [];
  const suffixes =
    family.type === 'histogram' || family.type === 'summary' ? /^(_bucket|_sum|_count|)$/ : /^(_total|)$/;
  if (!name.startsWith(family.name) || !suffixes.test(name.slice(family.name.length)))
    throw new Error(`misplaced: ${line}`);
  const pairs = Array.from(labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)",?/g), ([, key, text]) => [
    key,
    text,
  ]);
  if (pairs.map(([key, text]) => `${String(key)}="${String(text)}"`).join(',') !== labels)
    throw new Error(`bad labels: ${line}`);
  return {
    name,
    labels: Object.fromEntries(pairs) as Record<string, string>,
    value: Number(value.replace('Inf', 'Infinity')),
  };
}

/** The faults that `promtool check metrics` reports. */
export function lint({ name, type, help, samples }: Family): string[] {
  const words = name.toLowerCase().split('_');
  const labels = samples.flatMap((sample) => Object.keys(sample.labels));
  const rules: [string, boolean][] = [
    ['has help', help.trim() !== ''],
    ['counters, and only they, end in _total', (type === 'counter') === name.endsWith('_total')],
    ['only gauges end in _timestamp_seconds', type === 'gauge' || !name.endsWith('_timestamp_seconds')],
    ['no suffix of a histogram', !/_(bucket|count|sum)$/.test(name)],
    ['le is for histograms', type === 'histogram' || !labels.includes('le')],
    ['quantile is for summaries', type === 'summary' || !labels.includes('quantile')],
    [
      'no type in the name',
      !words.some((word) => ['counter', 'gauge', 'summary', 'untyped', 'histogram'].includes(word)),
    ],
    ['no colon', !name.includes(':')],
    ['snake_case', ![name, ...labels].some((word) => /[a-z][A-Z]/.test(word))],
    ['no abbreviated unit', !words.slice(1).some((word) => /^(s|ms|us|ns|sec|b|kb|mb|gb|tb|pb|m|h|d)$/.test(word))],
    [
      'base units',
      !words.some((word) =>
        /^(minutes|hours|days|weeks|bits|(milli|micro|nano|kilo|mega|giga)(seconds|bytes))$/.test(word),
      ),
    ],
  ];
  return rules.filter(([, kept]) => !kept).map(([rule]) => `${name}: ${rule}`);
}

/** The value of the first series with this name and at least these labels. */
export const valueOf = (all: Family[], name: string, labels: Record<string, string> = {}): number | undefined =>
  all
    .flatMap(({ samples }) => samples)
    .find(
      (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )?.value;
