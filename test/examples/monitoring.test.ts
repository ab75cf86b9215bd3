import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { formatKernelCounters } from '../../src/daemon/http/kernel-counters.ts';
import { createMetrics } from '../../src/daemon/http/metrics.ts';
import { statusOf } from '../daemon/statuses.ts';
import { tableOf } from '../support/tables.ts';

const MONITORING = fileURLToPath(new URL('../../examples/monitoring/', import.meta.url));
const read = (name: string): string => readFileSync(`${MONITORING}${name}`, 'utf8');

async function metricNames(): Promise<ReadonlySet<string>> {
  const text = await createMetrics('0', statusOf, []).registry.metrics();
  const stats = formatKernelCounters(
    { table: tableOf({}), counters: new Map(), unmanageable: [] },
    new Map(),
  );
  const families = [...`${text}${stats}`.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(
    families.flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
    ),
  );
}

const used = (text: string): string[] => [...new Set(text.match(/\bipvstate_[a-z_]+/g))];

describe('the monitoring example', () => {
  it.each(['alerts.yaml', 'dashboard.json'])(
    'uses only metrics that the daemon has in %s',
    async (name) => {
      const names = await metricNames();
      expect(used(read(name)).length).toBeGreaterThan(5);
      expect(used(read(name)).filter((metric) => !names.has(metric))).toEqual([]);
    },
  );
});

describe('the dashboard', () => {
  const dashboard = JSON.parse(read('dashboard.json'));

  it('has panels that do not overlap, each with a query', () => {
    const taken = new Set<string>();
    for (const { gridPos, targets, title } of dashboard.panels) {
      expect(targets.length, title).toBeGreaterThan(0);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`), title).toBe(false);
          taken.add(`${x},${y}`);
        }
      }
    }
  });
});

describe('the alerts', () => {
  it('each have a summary, and a description of the state meanwhile', () => {
    const [group] = parse(read('alerts.yaml')).groups;
    for (const rule of group.rules)
      expect(Object.keys(rule.annotations)).toEqual(['summary', 'description']);
  });

  it.runIf(spawnSync('promtool', ['--version']).status === 0)(
    'fire when they should, says promtool where it is installed',
    () => {
      for (const args of [
        ['check', 'rules', 'alerts.yaml'],
        ['test', 'rules', 'alerts.test.yaml'],
      ]) {
        const { status, stdout, stderr } = spawnSync('promtool', args, {
          cwd: MONITORING,
          encoding: 'utf8',
        });
        expect(status, `${stdout}${stderr}`).toBe(0);
      }
    },
  );
});
