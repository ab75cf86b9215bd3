import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { formatKernelCounters } from '../../src/daemon/http/kernel-counters.ts';
import { createMetrics } from '../../src/daemon/http/metrics.ts';
import type { Status } from '../../src/daemon/status/status.ts';
import type { Counters, Stats } from '../../src/model/ipvs.ts';
import type { Table } from '../../src/model/table.ts';
import { destinationKeyOf, keyOf, tableOf } from '../support/tables.ts';
import { statusOf } from './statuses.ts';

const RESULTS = ['applied', 'in-sync'];

function metricsOf(status: () => Status) {
  return createMetrics('1.2.3', status, RESULTS);
}

const line = (text: string, name: string): string | undefined =>
  text.split('\n').find((candidate) => candidate.startsWith(`${name} `));

describe('the metrics', () => {
  it('show the status at the time of the scrape', async () => {
    let status = statusOf();
    const { registry } = metricsOf(() => status);
    const before = await registry.metrics();
    expect(line(before, 'ipvstate_config_valid')).toBe('ipvstate_config_valid 1');
    expect(line(before, 'ipvstate_refused')).toBe('ipvstate_refused 0');
    expect(line(before, 'ipvstate_config_last_success_timestamp_seconds')).toContain(
      String(Date.parse('2026-05-04T12:00:00Z') / 1000),
    );
    expect(line(before, 'ipvstate_watch_mode{mode="inotify"}')).toMatch(/ 1$/);
    status = statusOf({
      config: { ...status.config, valid: false },
      waiting: { plan: 'p', since: '', refusals: [], changes: [] },
      watch: { mode: 'poll', reason: 'NFS' },
      contested: [{ object: 'x', reversals: 3 }],
      health: 'unserved',
      unserved: ['fwmark:7'],
      health_effects: (['panic', 'panic', 'out'] as const).map((effect) => ({
        ...{
          service: keyOf(effect === 'out' ? 'fwmark:7' : 'tcp://192.0.2.1:80'),
          destination: destinationKeyOf('10.0.0.1:80'),
        },
        ...{ effect, weight: 1, own_weight: 1, reason: 'timeout', seconds: 9 },
      })),
      paused: {
        who: 'alice',
        reason: null,
        since: '',
        until: null,
        seconds_left: null,
        services: null,
      },
    });
    const after = await registry.metrics();
    expect(line(after, 'ipvstate_config_valid')).toBe('ipvstate_config_valid 0');
    expect(line(after, 'ipvstate_refused')).toBe('ipvstate_refused 1');
    expect(line(after, 'ipvstate_contested')).toBe('ipvstate_contested 1');
    expect(line(after, 'ipvstate_unserved_services')).toBe('ipvstate_unserved_services 1');
    const panicking = 'ipvstate_health_panic_services';
    expect([line(before, panicking), line(after, panicking)]).toEqual([
      ...[`${panicking} 0`, `${panicking} 1`],
    ]);
    expect(line(before, 'ipvstate_paused')).toBe('ipvstate_paused 0');
    expect(line(after, 'ipvstate_paused')).toBe('ipvstate_paused 1');
    expect(line(before, 'ipvstate_in_sync')).toBe('ipvstate_in_sync 1');
    expect(line(after, 'ipvstate_in_sync')).toBe('ipvstate_in_sync 0');
    expect(line(before, 'ipvstate_health{state="in-sync"}')).toMatch(/ 1$/);
    expect(line(after, 'ipvstate_health{state="in-sync"}')).toMatch(/ 0$/);
    expect(line(after, 'ipvstate_health{state="unserved"}')).toMatch(/ 1$/);
    expect(line(after, 'ipvstate_watch_mode{mode="inotify"}')).toMatch(/ 0$/);
    expect(line(after, 'ipvstate_watch_mode{mode="poll"}')).toMatch(/ 1$/);
  });

  it('count passes by their result, those that never happened included', async () => {
    const metrics = metricsOf(statusOf);
    metrics.countPass('applied', 0.2);
    metrics.countPass('applied', 0.02);
    metrics.countDrift(4);
    const text = await metrics.registry.metrics();
    expect(line(text, 'ipvstate_reconcile_total{result="applied"}')).toMatch(/ 2$/);
    expect(line(text, 'ipvstate_reconcile_total{result="in-sync"}')).toMatch(/ 0$/);
    expect(line(text, 'ipvstate_reconcile_duration_seconds_bucket{le="0.025"}')).toMatch(/ 1$/);
    expect(line(text, 'ipvstate_reconcile_duration_seconds_count')).toMatch(/ 2$/);
    expect(line(text, 'ipvstate_drift_total')).toMatch(/ 4$/);
    expect(line(text, 'ipvstate_build_info{version="1.2.3"}')).toMatch(/ 1$/);
  });
});

const STATS: Stats = {
  connections: 5n,
  inPackets: 2n ** 60n,
  outPackets: 0n,
  inBytes: 9n,
  outBytes: 8n,
  connectionRate: 0n,
  inPacketRate: 0n,
  outPacketRate: 0n,
  inByteRate: 0n,
  outByteRate: 0n,
};

function countersOf(table: Table): Counters {
  return new Map(
    [...table.services].map(([key, { destinations }]) => [
      key,
      {
        stats: STATS,
        destinations: new Map(
          [...destinations.keys()].map((destination) => [
            destination,
            { active: 1, inactive: 2, persistent: 3, stats: STATS },
          ]),
        ),
      },
    ]),
  );
}

const TABLE = tableOf({
  'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 4 } },
  'fwmark:7': {},
});
const statsText = (table: Table): string =>
  formatKernelCounters(
    { table, counters: countersOf(table), unmanageable: [] },
    new Map([[keyOf('tcp://192.0.2.1:80'), 'a\u202e "shop"']]),
  );

describe('the kernel counters of --stats', () => {
  it('are written with all 64 bits', () => {
    const text = statsText(TABLE);
    const labels = 'service="tcp://192.0.2.1:80",name="a\\\\u202e \\"shop\\""';
    expect(text).toContain(
      `ipvstate_service_incoming_packets_total{${labels}} 1152921504606846976\n`,
    );
    expect(text).toContain(
      `ipvstate_destination_active_connections{${labels},destination="10.0.0.1:80"} 1\n`,
    );
    expect(text).toContain(`ipvstate_destination_weight{${labels},destination="10.0.0.1:80"} 4\n`);
    expect(text).toContain('ipvstate_service_connections_total{service="fwmark:7",name=""} 5\n');
  });

  it('of a removed service are gone', () => {
    expect(statsText(tableOf({ 'fwmark:7': {} }))).not.toContain('192.0.2.1');
  });
});

describe('the format of the metrics', () => {
  it('has one HELP and one TYPE line before each family, and label values in quotes', async () => {
    const text = `${await metricsOf(statusOf).registry.metrics()}${statsText(TABLE)}`;
    const seen = new Set<string>();
    let family = '';
    for (const row of text.split('\n').filter((candidate) => candidate !== '')) {
      const header = /^# (HELP|TYPE) (ipvstate_[a-z_]+) (.+)$/.exec(row);
      if (header) {
        expect(seen).not.toContain(`${header[1]} ${header[2]}`);
        seen.add(`${header[1]} ${header[2]}`);
        family = header[2] ?? '';
        continue;
      }
      const sample =
        /^(ipvstate_[a-z_]+?)(?:_bucket|_sum|_count)?(?:\{[a-z]+="(?:[^"\\]|\\.)*"(?:,[a-z]+="(?:[^"\\]|\\.)*")*\})? \d+(?:\.\d+)?$/.exec(
          row,
        );
      expect(sample?.[1], row).toBe(family);
    }
    expect(seen.size).toBeGreaterThan(20);
  });

  it.runIf(spawnSync('promtool', ['--version']).status === 0)(
    'passes promtool, where promtool is installed',
    async () => {
      const input = `${await metricsOf(statusOf).registry.metrics()}${statsText(TABLE)}`;
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
        input,
        encoding: 'utf8',
      });
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    },
  );
});
