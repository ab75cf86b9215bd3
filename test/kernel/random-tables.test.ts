import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { formatConfig } from '../../src/config/write/yaml.ts';
import { formatSave } from '../../src/formats/ipvsadm/save.ts';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import { SCHEDULERS } from '../../src/model/scheduler.ts';
import type { Table } from '../../src/model/table.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { tableArbitraryOf } from '../support/arbitrary-table.ts';
import { asIpvsadmSaves, linesOf } from '../support/real-save.ts';
import { runCli } from '../support/run-cli.ts';
import { EVERYTHING_ALLOWED, wants } from '../support/scenarios.ts';
import { Shell } from './ipvsadm/shell.ts';

const shell = new Shell();
const ipvsadm = async (...args: string[]): Promise<string> => (await shell.run('ipvsadm', args)).stdout;

let ipvs: Ipvs;
let folder: string;
beforeAll(async () => {
  ipvs = await openKernel();
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-random-'));
  await ipvsadm('-C');
});
afterAll(async () => {
  ipvs.close();
  rmSync(folder, { recursive: true });
  await ipvsadm('-C');
  shell.close();
});

/** What the kernel that Debian builds has. */
const AVAILABLE: ReadonlySet<string> = new Set(SCHEDULERS.filter((scheduler) => scheduler !== 'twos'));

/** The same table with schedulers and engines that the kernel has. */
function runnable(table: Table): Table {
  const services = [...table.services].map(([key, { service, destinations }]) => {
    const scheduler = AVAILABLE.has(service.scheduler) ? service.scheduler : 'rr';
    const persistenceEngine = service.persistenceEngine === '' ? '' : 'sip';
    return [key, { service: { ...service, scheduler, persistenceEngine }, destinations }] as const;
  });
  return { ...table, services: new Map(services) };
}

const arbitrary = tableArbitraryOf({ maxServices: 8, maxDestinations: 8, daemons: false }).map(runnable);

const tables = (numRuns: number, seed?: number): Table[] => fc.sample(arbitrary, seed === undefined ? { numRuns } : { numRuns, seed });

it('turns each of 200 random tables into the next one, as ipvsadm sees it', { timeout: 240_000 }, async () => {
  const seed = Date.now() & 0xffff;
  for (const [index, table] of [...tables(100, 20260504), ...tables(100, seed)].entries()) {
    const label = `table ${index}, seed ${seed}`;
    const report = await reconcile(ipvs, wants(table), { allowances: EVERYTHING_ALLOWED });
    expect({ label, outcome: report.outcome, failures: report.failures }).toMatchObject({ failures: [] });
    expect({ label, lines: linesOf(await ipvsadm('-Sn')) }).toEqual({ label, lines: asIpvsadmSaves(formatSave(table)) });
  }
});

it('converges when it is run again after a kill -9 at any moment', { timeout: 240_000 }, async () => {
  const services = Array.from({ length: 400 }, (_, index) => index);
  const text = (weight: number): string =>
    services
      .map((index) => {
        const service = `10.1.${index >> 8}.${index & 255}:80`;
        const servers = Array.from({ length: 10 }, (_, server) => `-a -t ${service} -r 10.2.${weight}.${server}:80 -m -w ${weight}`);
        return [`-A -t ${service} -s wlc`, ...servers].join('\n');
      })
      .join('\n');
  for (let round = 1; round <= 5; round++) {
    const file = join(folder, 'rules.save');
    writeFileSync(file, text(round));
    await killed(['dist/cli.cjs', 'apply', '-f', file, '--max-service-deletes', 'off'], 250 + 200 * round);
    const result = await runCli(['apply', '-f', file, '--max-service-deletes', 'off', '-o', 'json'], { openKernel });
    expect(JSON.parse(result.stdout)).toMatchObject({ exit_code: 0, failures: [] });
    expect(linesOf(await ipvsadm('-Sn'))).toEqual(linesOf(text(round)));
  }
});

it('reads back what it exports, whatever is in the table', async () => {
  for (const table of tables(20)) {
    await reconcile(ipvs, wants(table), { allowances: EVERYTHING_ALLOWED });
    const { stdout } = await runCli(['export'], { openKernel });
    expect(await runCli(['check', '-f', '-', '-q'], { openKernel, stdin: stdout })).toMatchObject({ status: 0 });
    expect(stdout).toBe(formatConfig({ ...table, timeouts: (await ipvs.read()).table.timeouts, daemons: [] }));
  }
});

/** Starts a command and kills it after some milliseconds, if it is still there. */
function killed(args: readonly string[], milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
    child.on('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
