import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { defaultDashboard } from '@grafana/schema';
import { parse } from 'yaml';
import { board } from '../../scripts/board/board.ts';
import { boardQueries, isRow, panelsOf, shippedBoard } from '../support/board.ts';

const shipped = shippedBoard();
const panels = panelsOf(shipped);

describe('the board', () => {
  it('equals the output of scripts/board', () => {
    expect(shipped).toEqual(JSON.parse(JSON.stringify(board())));
  });

  it('can be linked to, follows the time, and uses the newest schema that its types know', () => {
    expect(shipped).toMatchObject({
      ...{ uid: 'webhook-inbox', timezone: 'browser', refresh: '30s' },
      schemaVersion: defaultDashboard.schemaVersion,
    });
  });

  it('has panels with a title and a unit', () => {
    expect(panels.length).toBeGreaterThan(30);
    for (const { title = '', description = '', fieldConfig, targets = [] } of panels) {
      expect([title, description.length > 20, (fieldConfig?.defaults.unit ?? '') !== '', targets.length > 0]).toEqual([
        ...[title, true, true, true],
      ]);
    }
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  });

  it('queries the selected Prometheus, job and instances', () => {
    for (const { datasource, targets = [] } of panels) {
      expect(datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
      for (const target of targets) {
        expect(target['datasource']).toEqual(datasource);
        expect(target['expr']).toMatch(/job="\$job"|ALERTS/);
      }
    }
    expect(shipped.templating?.list?.map(({ name }) => name)).toEqual(['datasource', 'job', 'instance', 'repository']);
    expect(() => boardQueries(shipped)).not.toThrow();
  });

  it('has each panel in a place of its own', () => {
    const all = shipped.panels ?? [];
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const taken = new Set<string>();
    for (const { gridPos = { x: 0, y: 0, w: 0, h: 0 }, title } of all) {
      expect([title, gridPos.x + gridPos.w <= 24, gridPos.w > 0, gridPos.h > 0]).toEqual([title, true, true, true]);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, taken.has(`${String(x)} ${String(y)}`)]).toEqual([title, false]);
          taken.add(`${String(x)} ${String(y)}`);
        }
    }
    expect(all.filter(isRow).length).toBeGreaterThan(4);
  });

  it('links to the same runbook as the alerts', () => {
    const file = new URL('../../deploy/observability/prometheus.yml', import.meta.url);
    const { global } = parse(readFileSync(file, 'utf8')) as { global: { external_labels: { repository: string } } };
    const repository = shipped.templating?.list?.find(({ name }) => name === 'repository');
    expect(repository?.query).toBe(global.external_labels.repository);
    expect(shipped.links?.[0]?.url).toBe('$repository/docs/runbook.md');
  });

  it('uses $__rate_interval, so that every rate covers at least two scrapes', () => {
    const rates = panels.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr }) =>
        Array.from(String(expr).matchAll(/\b(?:rate|increase)\([^}]*\}\[([^\]]+)\]/g), ([, w]) => w),
      ),
    );
    expect(rates.length).toBeGreaterThan(20);
    expect(rates.filter((window) => window !== '$__rate_interval' && window !== '$__range')).toEqual([]);
  });
});
