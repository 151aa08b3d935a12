import type { Reads } from './reads.ts';

export interface Range {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly text: string;
}

export function range(values: readonly number[]): Range {
  const sorted = values.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const [min = 0, max = 0] = [sorted[0], sorted.at(-1)];
  const show = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(2));
  return { median, min, max, text: `${show(median)} (${show(min)}-${show(max)})` };
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |\n`;
  return line(head) + line(widths.map((width) => '-'.repeat(width))) + rows.map(line).join('');
}

const ROW = 22;
const LABEL = 190;
const SCALE = 320; // pixels for a ratio of 1, and for the widest growth

/** Two bar charts: ingest against the baseline, and how reads grow from the smallest to the largest size. */
export function chart(
  machine: string,
  ingest: readonly { connections: number; perSecond: Range }[],
  reads: readonly Reads[],
): string {
  const [small, large] = [reads[0], reads.at(-1)];
  const growth = Object.keys(small?.ms ?? {}).map((name) => ({
    name,
    factor: (large?.ms[name] ?? 0) / (small?.ms[name] ?? 1),
  }));
  const widest = Math.max(1, ...growth.map(({ factor }) => factor));
  const bars = [
    heading(`POST/s, service / baseline. ${machine}`),
    ...ingest.map(({ connections, perSecond }) =>
      bar(`${String(connections)} connections`, Math.min(perSecond.median, 1.5) * SCALE, perSecond.median.toFixed(2)),
    ),
    heading(`Time of a read at ${String(large?.rows)} rows / at ${String(small?.rows)} rows`),
    ...growth.map(({ name, factor }) => bar(name, (factor / widest) * SCALE, factor.toFixed(1))),
  ];
  const height = bars.length * ROW + 16;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="760" height="${String(height)}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="white"/>
${bars.map((draw, i) => draw(8 + i * ROW)).join('\n')}
</svg>
`;
}

type Draw = (y: number) => string;

function heading(text: string): Draw {
  return (y) => `<text x="8" y="${String(y + 15)}" font-weight="bold">${escape(text)}</text>`;
}

function bar(label: string, width: number, value: string): Draw {
  return (y) =>
    `<text x="8" y="${String(y + 15)}">${escape(label)}</text>` +
    `<rect x="${String(LABEL)}" y="${String(y + 3)}" width="${width.toFixed(1)}" height="${String(ROW - 6)}" fill="#3b6ea8"/>` +
    `<text x="${(LABEL + width + 6).toFixed(1)}" y="${String(y + 15)}">${escape(value)}</text>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
