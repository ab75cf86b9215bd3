import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { layNetwork, SERVERS, startTraffic, takeNetworkAway, VIP } from '../bench/network.js';
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
