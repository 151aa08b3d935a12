import {
  DashboardCursorSync,
  defaultDashboard,
  VariableHide,
  VariableRefresh,
  VariableSort,
  type AnnotationQuery,
  type Dashboard,
  type RowPanel,
  type VariableModel,
} from '@grafana/schema';
import { DATASOURCE, type Placed, type Row } from './panels.ts';
import { COMMITS } from './rows/commits.ts';
import { GLANCE } from './rows/glance.ts';
import { HTTP } from './rows/http.ts';
import { PROCESS } from './rows/process.ts';
import { STORE } from './rows/store.ts';
import { WEBHOOKS } from './rows/webhooks.ts';

const ROWS: readonly Row[] = [GLANCE, WEBHOOKS, HTTP, COMMITS, STORE, PROCESS];
const WIDTH = 24;
/** Web address of the repository, the same as in deploy/observability/prometheus.yml. */
const REPOSITORY = 'https://git.example.com/webhook-inbox/blob/main';

/** The members of a Prometheus annotation that Grafana's types lack. */
type PrometheusAnnotation = AnnotationQuery & { readonly titleFormat: string; readonly tagKeys: string };

/** The board in Grafana's format. */
export function board(): Dashboard {
  return {
    uid: 'webhook-inbox',
    title: 'webhook-inbox',
    description: 'Whether webhooks are taken, stored and soon answered, and what will keep them from it.',
    tags: ['webhook-inbox'],
    timezone: 'browser',
    schemaVersion: defaultDashboard.schemaVersion,
    editable: true,
    graphTooltip: DashboardCursorSync.Crosshair,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    links: [
      {
        type: 'link',
        title: 'Runbook',
        url: '$repository/docs/runbook.md',
        tooltip: 'What each alert means and what to do',
        icon: 'doc',
        tags: [],
        asDropdown: false,
        includeVars: false,
        keepTime: false,
        targetBlank: true,
      },
    ],
    annotations: { list: annotations() },
    templating: { list: variables() },
    panels: placed(),
  };
}

function annotations(): PrometheusAnnotation[] {
  const common = { datasource: DATASOURCE, enable: true, hide: false };
  return [
    {
      ...common,
      name: 'Alerts',
      iconColor: 'red',
      titleFormat: '{{alertname}}',
      tagKeys: 'severity,instance,provider',
      target: { refId: 'Alerts', expr: 'ALERTS{alertstate="firing", alertname=~"WebhookInbox.+"}' } as never,
    },
    {
      ...common,
      name: 'Starts',
      iconColor: 'blue',
      titleFormat: 'started',
      tagKeys: 'instance',
      target: {
        refId: 'Starts',
        expr: 'changes(process_start_time_seconds{job="$job", instance=~"$instance"}[$__rate_interval]) > 0',
      } as never,
    },
  ];
}

function variables(): VariableModel[] {
  const query = (name: string, expr: string): VariableModel => ({
    name,
    type: 'query',
    datasource: DATASOURCE,
    query: { query: expr, refId: name },
    refresh: VariableRefresh.onTimeRangeChanged,
    sort: VariableSort.alphabeticalAsc,
  });
  return [
    { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' },
    {
      ...query('job', 'label_values(readiness_check_passed, job)'),
      label: 'Job',
      current: { text: 'webhook-inbox', value: 'webhook-inbox' },
    },
    {
      ...query('instance', 'label_values(up{job="$job"}, instance)'),
      label: 'Instance',
      multi: true,
      includeAll: true,
      allValue: '.*',
      current: { text: 'All', value: '$__all' },
    },
    {
      name: 'repository',
      type: 'constant',
      query: REPOSITORY,
      current: { text: REPOSITORY, value: REPOSITORY },
      hide: VariableHide.hideVariable,
      skipUrlSync: true,
    },
  ];
}

/** Each row below the one before, its panels from left to right. */
function placed(): (Placed | RowPanel)[] {
  const all: (Placed | RowPanel)[] = [];
  let y = 0;
  for (const { title, panels } of ROWS) {
    all.push({
      id: all.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: WIDTH, h: 1 },
      panels: [],
    });
    y += 1;
    let [x, lineHeight] = [0, 0];
    for (const { width, height, ...panel } of panels) {
      if (x + width > WIDTH) [x, y, lineHeight] = [0, y + lineHeight, 0];
      all.push({ id: all.length + 1, ...panel, gridPos: { x, y, w: width, h: height } });
      x += width;
      lineHeight = Math.max(lineHeight, height);
    }
    y += lineHeight;
  }
  return all;
}
