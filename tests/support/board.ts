import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Dashboard, Panel, RowPanel } from '@grafana/schema';
import { OBSERVABILITY } from './promtool.ts';

/** A query of the board, as Prometheus would receive it. */
export interface BoardQuery {
  readonly where: string;
  readonly expr: string;
  /** The labels in the names of its series. */
  readonly legend: readonly string[];
  /** Of a query that finds something only after an event. */
  readonly mayBeEmpty: boolean;
}

export const shippedBoard = (): Dashboard =>
  JSON.parse(readFileSync(path.join(OBSERVABILITY, 'grafana/dashboards/webhook-inbox.json'), 'utf8')) as Dashboard;

export const panelsOf = ({ panels = [] }: Dashboard): Panel[] =>
  panels.filter((panel): panel is Panel => !isRow(panel));

export const isRow = (panel: Panel | RowPanel): panel is RowPanel => panel.type === 'row';

/** The values that Grafana inserts for its variables. */
const VALUES: Readonly<Record<string, string>> = {
  job: 'webhook-inbox',
  instance: '.*',
  __rate_interval: '10s',
  __range: '1m',
};

const filled = (expr: string): string =>
  expr.replace(/\$(\w+)/g, (_, name: string) => {
    const value = VALUES[name];
    if (value === undefined) throw new Error(`the board has no variable ${name}`);
    return value;
  });

/** All queries of panels, annotations and variables. */
export function boardQueries(board: Dashboard): BoardQuery[] {
  const ofPanels = panelsOf(board).flatMap(({ title = '', targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      where: title,
      expr: filled(String(expr)),
      legend: Array.from(String(legendFormat).matchAll(/\{\{(\w+)\}\}/g), ([, label = '']) => label),
      mayBeEmpty: false,
    })),
  );
  const ofAnnotations = (board.annotations?.list ?? []).map(({ name, target }) => ({
    ...{ where: name, legend: [], mayBeEmpty: true },
    expr: filled((target as unknown as { expr: string }).expr),
  }));
  const ofVariables = (board.templating?.list ?? [])
    .filter(({ type }) => type === 'query')
    .map(({ name, query }) => {
      const asked = (query as { query: string }).query;
      const [, expr = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(asked) ?? [];
      return { where: `$${name}`, expr: filled(expr), legend: [label], mayBeEmpty: false };
    });
  return [...ofPanels, ...ofAnnotations, ...ofVariables];
}
