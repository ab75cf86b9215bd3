import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatConfig } from '../../src/config/write/yaml.ts';
import { formatSave } from '../../src/formats/ipvsadm/save.ts';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import { SCHEDULERS } from '../../src/model/scheduler.ts';
import type { Table } from '../../src/model/table.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { systemState } from '../../src/recovery/state.ts';
import { tableArbitraryOf } from '../support/arbitrary-table.ts';
import { PROGRAM } from '../support/program.ts';
import { asIpvsadmSaves, linesOf } from '../support/real-save.ts';
import { runCli } from '../support/run-cli.ts';
import { EVERYTHING_ALLOWED, wants } from '../support/scenarios.ts';
import { ipvsadm } from './real-programs.ts';

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
});

/** The schedulers and engines of Debian's kernel. */
const AVAILABLE: ReadonlySet<string> = new Set(
  SCHEDULERS.filter((scheduler) => scheduler !== 'twos'),
);

/** The same table with schedulers and engines that the kernel has. */
function runnable(table: Table): Table {
  const services = [...table.services].map(([key, { service, destinations }]) => {
    const scheduler = AVAILABLE.has(service.scheduler) ? service.scheduler : 'rr';
    const persistenceEngine = service.persistenceEngine === '' ? '' : 'sip';
    return [key, { service: { ...service, scheduler, persistenceEngine }, destinations }] as const;
  });
  return { ...table, services: new Map(services) };
}

const arbitrary = tableArbitraryOf({ maxServices: 8, maxDestinations: 8, daemons: false }).map(
  runnable,
);

const tables = (numRuns: number, seed?: number): Table[] =>
  fc.sample(arbitrary, seed === undefined ? { numRuns } : { numRuns, seed });

it('an apply turns each of 200 random tables into the next one, by the listing of ipvsadm', async () => {
  const seed = Date.now() & 0xffff;
  for (const [index, table] of [...tables(100, 20260504), ...tables(100, seed)].entries()) {
    const label = `table ${index}, seed ${seed}`;
    const report = await reconcile(ipvs, wants(table), { allowances: EVERYTHING_ALLOWED });
    expect({ label, outcome: report.outcome, failures: report.failures }).toMatchObject({
      failures: [],
    });
    expect({ label, lines: linesOf(await ipvsadm('-Sn')) }).toEqual({
      label,
      lines: asIpvsadmSaves(formatSave(table)),
    });
  }
});

describe('an apply that is killed with SIGKILL', () => {
  const SERVICES = 75;
  const SERVERS = 10;
  const text = (weight: number): string =>
    Array.from({ length: SERVICES }, (_, index) => {
      const service = `10.1.${index >> 8}.${index & 255}:80`;
      const servers = Array.from(
        { length: SERVERS },
        (_, server) => `-a -t ${service} -r 10.2.${weight}.${server}:80 -m -w ${weight}`,
      );
      return [`-A -t ${service} -s wlc`, ...servers].join('\n');
    }).join('\n');
  /** Destinations of the rules with that weight, in hexadecimal as the kernel prints them. */
  const present = (weight: number): number =>
    readFileSync('/proc/net/ip_vs', 'utf8').split(`-> 0A020${weight}`).length - 1;

  it.each([
    [1, 0],
    [2, 0.01],
    [3, 0.5],
  ])(
    'converges on its second run when it has weight %i and is killed after %f of the rules',
    async (weight, share) => {
      const file = join(folder, 'rules.save');
      writeFileSync(file, text(weight));
      const argv = ['apply', '-f', file, '--max-service-deletes', 'off'];
      const isReached = (): boolean => present(weight) >= share * SERVICES * SERVERS;
      await (share === 0 ? killedAtOnce(argv) : killedWhen(argv, isReached));
      const result = await runCli([...argv, '-o', 'json'], { openKernel });
      expect(JSON.parse(result.stdout)).toMatchObject({ exit_code: 0, failures: [] });
      expect(linesOf(await ipvsadm('-Sn'))).toEqual(linesOf(text(weight)));
    },
  );
});

it('an export is read back as the same table for every table', async () => {
  for (const table of tables(20)) {
    await reconcile(ipvs, wants(table), { allowances: EVERYTHING_ALLOWED });
    const { stdout } = await runCli(['export'], { openKernel });
    expect(await runCli(['check', '-f', '-', '-q'], { openKernel, stdin: stdout })).toMatchObject({
      status: 0,
    });
    expect(stdout).toBe(
      formatConfig({ ...table, timeouts: (await ipvs.read()).table.timeouts, daemons: [] }),
    );
  }
});

const start = (argv: readonly string[], env = process.env): ChildProcess =>
  spawn(process.execPath, [PROGRAM, ...argv], { env, stdio: 'ignore' });

async function killedAtOnce(argv: readonly string[]): Promise<void> {
  const child = start(argv);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/**
 * Starts an apply and kills it as soon as the condition holds, unless it has ended by then. The
 * condition reads the whole table, which takes the one processor from the program. So it is asked
 * only when the journal says that the first wave is about to be sent. The apply has a low priority,
 * so that it does not get far between two looks.
 */
async function killedWhen(argv: readonly string[], holds: () => boolean): Promise<void> {
  const own = mkdtempSync(join(folder, 'state-'));
  const env = {
    ...process.env,
    IPVSTATE_RUNTIME_DIR: join(own, 'run'),
    IPVSTATE_STATE_DIR: join(own, 'lib'),
  };
  const journal = join(systemState(env).folders.state, 'journal.jsonl');
  const child = start(argv, env);
  setPriority(child.pid ?? 0, 19);
  const ended = once(child, 'exit');
  while (child.exitCode === null && !(existsSync(journal) && holds())) await sleep(2);
  child.kill('SIGKILL');
  await ended;
}
