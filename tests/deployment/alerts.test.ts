import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { change, observabilityCopy, promtool, RULE_FILES, shippedRules, type Rule } from '../support/promtool.ts';
import { ALERT_CASES, type AlertCases } from './alert-cases.ts';
import { describeNeeding } from '../support/requirements.ts';

const REPOSITORY = 'https://git.example.com/webhook-inbox/blob/main';
const RUNBOOK = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
const alerts = shippedRules().filter(({ alert }) => alert !== undefined);
const names = alerts.map(({ alert }) => alert ?? '');

let copy: ReturnType<typeof observabilityCopy>;
beforeAll(() => {
  copy = observabilityCopy();
});
afterAll(() => {
  copy.remove();
});

const ruleFiles = () => RULE_FILES.map((name) => path.join(copy.folder, name));

/** The rule of this name, after those that its expression uses. */
function rulesBehind(name: string): Rule[] {
  const rule = shippedRules().find(({ alert, record }) => (alert ?? record) === name);
  if (rule === undefined) throw new Error(`there is no rule ${name}`);
  const behind = shippedRules().filter(({ record }) => record !== undefined && rule.expr.includes(record));
  return [...behind.flatMap(({ record = '' }) => rulesBehind(record)), rule];
}

/** The anchor that Git hosts generate for a heading. */
const anchorsOf = (markdown: string): string[] =>
  Array.from(markdown.matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

describeNeeding(['promtool'], 'the rules', () => {
  it('are rules to promtool', async () => {
    const { status, output } = await promtool(['check', 'rules', ...ruleFiles()]);
    expect([status, output]).toEqual([
      0,
      expect.stringContaining(`${String(shippedRules().length - names.length)} rules`),
    ]);
  });

  it('are checked by a promtool that can reject', async () => {
    const broken = observabilityCopy();
    change(path.join(broken.folder, 'rules/alerts.yml'), 'absent(up', 'absnt(up');
    const { status, output } = await promtool(['check', 'rules', path.join(broken.folder, 'rules/alerts.yml')]);
    broken.remove();
    expect([status, output]).toEqual([1, expect.stringContaining('unknown function')]);
  });

  it('are part of a configuration that promtool accepts', async () => {
    const file = path.join(copy.folder, 'prometheus.yml');
    change(file, '/run/secrets/read-api-key', '/dev/null');
    expect(await promtool(['check', 'config', file])).toEqual({
      status: 0,
      output: expect.stringContaining('SUCCESS'),
    });
  });
});

describe('every alert', () => {
  it('has a unique name, like every rule', () => {
    const all = shippedRules().map(({ alert, record }) => alert ?? record);
    expect(new Set(all).size).toBe(all.length);
  });

  it('has a case', () => {
    expect(Object.keys(ALERT_CASES).sort()).toEqual([...names].sort());
    for (const { fires, quiet } of Object.values(ALERT_CASES)) {
      expect(fires.length).toBeGreaterThan(0);
      expect(quiet.length).toBeGreaterThan(0);
    }
  });

  it.each(alerts.map((rule) => [rule.alert ?? '', rule] as const))(
    '%s says what it is and how long it lasts',
    (_, rule) => {
      expect(rule.for).toMatch(/^\d+[mh]$/);
      expect(['critical', 'warning']).toContain(rule.labels?.['severity']);
      expect(Object.keys(rule.annotations ?? {}).sort()).toEqual(['description', 'runbook_url', 'summary']);
    },
  );

  it.each(alerts.map((rule) => [rule.alert ?? '', rule] as const))(
    '%s leads to a section of the runbook',
    (name, rule) => {
      const [, anchor = ''] =
        /^\{\{ \$externalLabels\.repository \}\}\/docs\/runbook\.md#(.+)$/.exec(
          rule.annotations?.['runbook_url'] ?? '',
        ) ?? [];
      expect(anchor).toBe(name.toLowerCase());
      expect(anchorsOf(RUNBOOK)).toContain(anchor);
    },
  );

  it('has a section in the runbook, which has no others', () => {
    expect(Array.from(RUNBOOK.matchAll(/^## (WebhookInbox\w+)$/gm), ([, name]) => name)).toEqual(names);
  });
});

describeNeeding(['promtool'], 'the alert', () => {
  it.each(Object.entries(ALERT_CASES))('%s fires when it is to, and not otherwise', async (name, cases) => {
    expect(await promtool(['test', 'rules', unitTests(name, cases)])).toEqual({
      status: 0,
      output: expect.stringContaining('SUCCESS'),
    });
  });

  it.each(Object.entries(ALERT_CASES))('%s has tests that detect a change', async (name, { fires, ...cases }) => {
    const never = { ...cases, fires: fires.map((one) => ({ ...one, summary: 'other words' })), quiet: [] };
    const always = { ...cases, fires: [], quiet: fires };
    for (const wrong of [never, always]) {
      expect(await promtool(['test', 'rules', unitTests(name, wrong)])).toEqual({
        status: 1,
        output: expect.stringContaining('FAILED'),
      });
    }
  });

  /** A promtool file with the alert and the rules it uses, because evaluating all rules takes ten times as long. */
  function unitTests(name: string, { fires, quiet, interval = '1m' }: AlertCases): string {
    const rules = path.join(copy.folder, `${name}.yml`);
    writeFileSync(rules, stringify({ groups: [{ name, rules: rulesBehind(name) }] }));
    const expected = [
      ...fires.map(({ series, at, labels, summary, description }) => {
        const runbook = `${REPOSITORY}/docs/runbook.md#${name.toLowerCase()}`;
        const annotations = { summary, description, runbook_url: runbook };
        return { series, at, alerts: [{ exp_labels: labels, exp_annotations: annotations }] };
      }),
      ...quiet.map(({ series, at }) => ({ series, at, alerts: [] })),
    ];
    const file = path.join(copy.folder, `${name}.test.yml`);
    writeFileSync(
      file,
      stringify({
        rule_files: [rules],
        evaluation_interval: interval,
        tests: expected.map(({ series, at, alerts: exp }) => ({
          interval,
          external_labels: { repository: REPOSITORY },
          input_series: Object.entries(series).map(([key, values]) => ({ series: key, values })),
          alert_rule_test: [{ alertname: name, eval_time: at, exp_alerts: exp }],
        })),
      }),
    );
    return file;
  }
});
