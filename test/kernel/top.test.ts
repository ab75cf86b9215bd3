import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { ApiServices, ServiceSummary } from '../../src/daemon/api/documents.ts';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { layNetwork, SERVERS, startTraffic, takeNetworkAway, VIP } from '../bench/network.js';
import { DaemonInProcess } from '../support/daemon.ts';
import { PROGRAM } from '../support/program.ts';
import { runCli } from '../support/run-cli.ts';
import { until } from '../support/until.ts';
import { ipvsadm } from './real-programs.ts';

let traffic: Awaited<ReturnType<typeof startTraffic>>;

beforeAll(async () => {
  layNetwork();
  const servers = SERVERS.slice(0, 2).map((server) => `-a -t ${VIP}:80 -r ${server}:8080 -m\n`);
  await ipvsadm('-R', `-A -t ${VIP}:80 -s rr\n${servers.join('')}`);
  traffic = await startTraffic();
});

afterAll(async () => {
  traffic.stop();
  takeNetworkAway();
  await ipvsadm('-C');
});

/** The totals of ipvsadm by service and destination: connections, packets and bytes. */
async function listedTotals(): Promise<Record<string, string[]>> {
  const lines = (await ipvsadm('-Ln --stats --exact')).split('\n').slice(3);
  const rows = lines.filter((line) => line !== '').map((line) => line.trim().split(/\s+/).slice(1));
  return Object.fromEntries(rows.map(([name = '', ...totals]) => [name, totals]));
}

interface Totals {
  readonly totals: Readonly<Record<string, string>>;
}

async function shownTotals(): Promise<Record<string, string[]>> {
  const { stdout } = await runCli(['top', '-o', 'json'], { openKernel: () => openKernel() });
  const { services } = JSON.parse(stdout) as {
    services: (Totals & { service: string; destinations: (Totals & { destination: string })[] })[];
  };
  return Object.fromEntries(
    services.flatMap(({ service, totals, destinations }) => [
      [service.replace('tcp://', ''), Object.values(totals)],
      ...destinations.map((own) => [own.destination, Object.values(own.totals)]),
    ]),
  );
}

it('top has the totals that ipvsadm lists, and rates while there is traffic', async () => {
  await until('a rate of connections', async () => {
    const { stdout } = await runCli(['top', '-o', 'json'], { openKernel: () => openKernel() });
    return JSON.parse(stdout).services[0].rates.connections > 0;
  });
  traffic.stop();
  // The last packets are counted some time after the client has ended.
  await until('totals that stay', async () => {
    const listed = await listedTotals();
    return JSON.stringify(await shownTotals()) === JSON.stringify(listed);
  });
  const totals = await shownTotals();
  expect(Object.keys(totals)).toHaveLength(3);
  expect(Number(totals[`${VIP}:80`]?.[0])).toBeGreaterThan(0);
});

/** The active and inactive connections of each destination, as ipvsadm lists them. */
async function listedConnections(): Promise<Record<string, string[]>> {
  const lines = (await ipvsadm('-Ln')).split('\n').filter((line) => line.startsWith('  -> '));
  const rows = lines.map((line) => line.trim().split(/\s+/).slice(1));
  return Object.fromEntries(rows.slice(1).map(([name = '', ...cells]) => [name, cells.slice(2)]));
}

it('the API of the daemon has the numbers that ipvsadm lists', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-api-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'ipvs.yaml');
  const servers = SERVERS.slice(0, 2).map((server) => `"${server}:8080"`);
  writeFileSync(
    file,
    'version: 1\ndefaults: { forward: masq }\nservices:\n' +
      `  - { address: "tcp://${VIP}:80", scheduler: rr, destinations: [${servers.join(', ')}] }\n`,
  );
  const daemon = await new DaemonInProcess(folder, ['-f', file], () => openKernel()).start();
  onTestFinished(async () => void (await daemon.stop()));
  const api = async (query: string): Promise<ServiceSummary> => {
    const { status, body } = await daemon.get(`/api/v1/services${query}`);
    expect(status).toBe(200);
    return (JSON.parse(body) as ApiServices).services[0] as ServiceSummary;
  };
  await until('the numbers of ipvsadm', async () => {
    const [summary, details] = [await api(''), await api(`?service=tcp://${VIP}:80`)];
    const list = details.destinations_list ?? [];
    const totals = await listedTotals();
    expect(Object.values(summary.totals)).toEqual(totals[`${VIP}:80`]);
    expect({
      [`${VIP}:80`]: Object.values(details.totals),
      ...Object.fromEntries(list.map((own) => [own.destination, Object.values(own.totals)])),
    }).toEqual(totals);
    const connections = list.map(({ destination, connections: { active, inactive } }) => [
      destination,
      [`${active}`, `${inactive}`],
    ]);
    expect(Object.fromEntries(connections)).toEqual(await listedConnections());
    return true;
  });
  await until('an exported page with the numbers of ipvsadm', async () => {
    const { stdout } = await daemon.run('export', '-o', 'html');
    const data = /id="snapshot">(.*)<\/script>/.exec(stdout)?.[1] ?? '';
    const [exported] = (JSON.parse(data) as { services: ApiServices }).services.services;
    const rows = exported?.destinations_list ?? [];
    return (
      JSON.stringify(await listedTotals()) ===
      JSON.stringify({
        [`${VIP}:80`]: Object.values(exported?.totals ?? {}),
        ...Object.fromEntries(rows.map((own) => [own.destination, Object.values(own.totals)])),
      })
    );
  });
  expect(await api('')).toMatchObject({
    ...{ state: 'ok', scheduler: 'rr', destinations: 2, usable: 2, source: { file, line: 4 } },
  });
});

it('top takes the keys of a terminal, and gives the terminal back', () => {
  const line = `${process.execPath} ${PROGRAM} top`;
  const { status, stdout } = spawnSync('script', ['-qec', line, '/dev/null'], {
    encoding: 'utf8',
    input: 'dq',
    timeout: 60_000,
  });
  expect(status).toBe(0);
  expect(stdout).toContain('\u001b[?1049h');
  expect(stdout).toContain(`tcp://${VIP}:80`);
  expect(stdout).toContain(`  ${SERVERS[0]}:8080`);
  expect(stdout).toMatch(/\?1049l\s*$/);
});
