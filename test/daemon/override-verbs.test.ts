import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { defaultControlSocket } from '../../src/cli/control.ts';
import { formatConfig } from '../../src/config/write/yaml.ts';
import { isStatus } from '../../src/daemon/status/parse-status.ts';
import type { Table } from '../../src/model/table.ts';
import { DaemonInProcess } from '../support/daemon.ts';
import { type MisbehavingTable, openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { runCli } from '../support/run-cli.ts';
import { destinationKeyOf, keyOf, tableOf } from '../support/tables.ts';
import { until } from '../support/until.ts';

const FIRST = keyOf('tcp://192.0.2.1:80');
const SECOND = keyOf('tcp://192.0.2.2:80');

const tableOfWeight = (weight: number, others = {}): Table =>
  tableOf({
    [FIRST]: { scheduler: 'rr', destinations: { '10.0.0.1:80': weight, '10.0.0.2:80': 1 } },
    [SECOND]: { scheduler: 'rr', destinations: { '10.0.0.1:80': 1, '10.0.0.3:80': 1 } },
    ...others,
  });

let folder: string;
let file: string;
let kernel: MisbehavingTable;
let started: DaemonInProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-override-'));
  file = join(folder, 'ipvs.yaml');
  kernel = openMisbehavingTable(tableOf({}));
  started = [];
  write(tableOfWeight(3));
  return async () => {
    for (const daemon of started) await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  };
});

function write(table: Table): void {
  writeFileSync(`${file}.new`, formatConfig(table));
  renameSync(`${file}.new`, file);
}

async function start(...more: readonly string[]): Promise<DaemonInProcess> {
  const args = ['-f', file, '--interval', '20ms', '--debounce', '20ms', ...more];
  const daemon = new DaemonInProcess(join(folder, 'daemon'), args, async () => kernel);
  started.push(daemon);
  return daemon.start();
}

const weight = (service = FIRST, destination = '10.0.0.1:80'): number | undefined =>
  kernel.table().services.get(service)?.destinations.get(destinationKeyOf(destination))?.weight;

const becomes = (wanted: number): Promise<void> =>
  until(`the weight ${wanted}`, () => weight() === wanted);

describe('an override beside a daemon', () => {
  it('is applied by the daemon at once, shown everywhere, and ended by it in time', async () => {
    const daemon = await start();
    const drained = await daemon.run(...['drain', FIRST, '10.0.0.1', '--reason', 'kernel upgrade']);
    expect(drained).toMatchObject({ status: 0, stderr: '' });
    expect(drained.stdout).toMatch(
      /~ 10\.0\.0\.1:80 {2}weight 3 -> 0\n {8}weight 0 by override of \S+ until (?:\d{4}-\d\d-\d\d )?\d\d:\d\d: kernel upgrade \(file: 3\)\n\nApplied and verified: 1 operation\.\n$/,
    );
    expect(weight()).toBe(0);
    expect(daemon.events('override')).toMatchObject([
      {
        ...{ level: 'info', operations: 1 },
        msg: expect.stringMatching(/^overrides asked for by \S+: applied\n[\s\S]* kernel upgrade /),
      },
    ]);
    const status = await daemon.status();
    expect(isStatus(status)).toBe(true);
    expect(status.health).toBe('in-sync');
    expect(status.overrides).toMatchObject([
      { service: FIRST, destination: '10.0.0.1:80', weight: 0, own_weight: 3 },
    ]);
    expect((await daemon.run('status')).stdout).toMatch(
      /^Override: {3}10\.0\.0\.1:80 of .*\n {12}.*\(file/m,
    );
    expect((await daemon.get('/metrics')).body).toMatch(/^ipvstate_overrides 1$/m);
    await daemon.run('drain', FIRST, '10.0.0.1', '--for', '1s');
    await becomes(3);
    await until('no override', async () => (await daemon.status()).overrides?.length === 0);
    expect((await daemon.run('overrides')).stdout).toMatch(/^No overrides/);
    const lines = readFileSync(join(daemon.state.folders.state, 'journal.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line.includes('"trigger":"override"'))
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({
      by: expect.any(String),
      overrides: [{ weight: 0, reason: 'kernel upgrade' }],
    });
  });

  it('is kept when the files change, and undrain gives the weight of the new file', async () => {
    const daemon = await start();
    await daemon.run('drain', FIRST, '10.0.0.1');
    write(tableOfWeight(7));
    await until('the new file', async () =>
      Boolean((await daemon.status()).overrides?.some(({ own_weight }) => own_weight === 7)),
    );
    expect(weight()).toBe(0);
    expect((await daemon.run('undrain', FIRST, '10.0.0.1', '-o', 'json')).status).toBe(0);
    expect(weight()).toBe(7);
  });

  it('moves in steps, and goes on after a restart of the daemon', async () => {
    const daemon = await start();
    expect((await daemon.run('weight', FIRST, '10.0.0.1', '6', '--ramp', '3s')).status).toBe(0);
    await becomes(4);
    await daemon.stop();
    await start();
    await becomes(6);
    expect((await daemon.run('overrides')).stdout).toContain('weight 6, by ');
  });

  it('is put back each time that another program changes it, and is never contested', async () => {
    const daemon = await start();
    await daemon.run('drain', FIRST, '10.0.0.1');
    for (let times = 0; times < 5; times++) {
      const destination = kernel
        .table()
        .services.get(FIRST)
        ?.destinations.get(destinationKeyOf('10.0.0.1:80'));
      if (!destination) throw new Error('no destination');
      const { identity } = kernel.table().services.get(FIRST)?.service ?? {};
      if (!identity) throw new Error('no service');
      await kernel.execute([
        { kind: 'edit-destination', service: identity, destination: { ...destination, weight: 9 } },
      ]);
      await becomes(0);
    }
    expect((await daemon.status()).contested).toEqual([]);
  });

  it('that takes the last server is refused, leaves nothing, and holds nothing back', async () => {
    const daemon = await start();
    const refused = await daemon.run('drain', FIRST, '10.0.0.1', '10.0.0.2');
    expect(refused.status).toBe(3);
    expect(refused.stdout).toContain('If that is what you want: --allow-unserved\n');
    expect(await daemon.status()).toMatchObject({
      ...{ health: 'in-sync', waiting: null, overrides: [] },
    });
    expect((await daemon.run('drain', FIRST, '--allow-unserved')).status).toBe(0);
    expect([weight(), (await daemon.status()).health]).toEqual([0, 'in-sync']);
    expect((await daemon.status()).unserved_by_overrides).toEqual([FIRST]);
    const { stdout } = await daemon.run('status');
    expect(stdout).toContain(`Unserved:   ${FIRST}: overrides leave it no usable server\n`);
    expect((await daemon.run('undrain', FIRST)).status).toBe(0);
    expect((await daemon.status()).unserved_by_overrides).toEqual([]);
  });

  it('ends in time, also when another one cannot end as its service would be unserved', async () => {
    write(
      tableOf({
        [FIRST]: { destinations: { '10.0.0.1:80': 0, '10.0.0.2:80': 0 } },
        [SECOND]: { destinations: { '10.0.0.1:80': 1, '10.0.0.3:80': 1 } },
      }),
    );
    const daemon = await start();
    await daemon.run('weight', FIRST, '10.0.0.1', '5', '--for', '1s');
    await until('held', async () => (await daemon.status()).health === 'held');
    const drained = await daemon.run('drain', SECOND, '10.0.0.1', '--for', '1s');
    expect([drained.status, weight(SECOND)]).toEqual([0, 0]);
    expect(drained.stdout).toContain(`Left as it is: ${FIRST}.\n`);
    expect(drained.stdout).toContain('If that is what you want: `ipvstate approve`.\n');
    await until('the end of the drain', () => weight(SECOND) === 1);
    expect(weight()).toBe(5);
    expect((await daemon.status()).health).toBe('held');
    // A pass that runs meanwhile makes another plan, which is not the one that was approved.
    await until('an approval', async () => (await daemon.run('approve')).status === 0);
    expect(weight()).toBe(0);
  });

  it('of many destinations has twenty of them in the log, and all in its own output', async () => {
    const servers = Array.from({ length: 30 }, (_, at) => [`10.0.1.${at + 1}:80`, 1] as const);
    write(tableOf({ [FIRST]: { destinations: Object.fromEntries(servers) } }));
    const daemon = await start();
    const { stdout } = await daemon.run('drain', FIRST, '--allow-unserved');
    expect(stdout.match(/weight 1 -> 0/g)).toHaveLength(30);
    const [{ msg } = {}] = daemon.events('override') as { msg?: string }[];
    expect(msg?.match(/weight 1 -> 0/g)).toHaveLength(20);
    expect(msg).toContain('\n  and more: 10 destinations to edit\n\nApplied and verified: 30 ');
  });

  it('changes only its services while differences are only reported, and ends in time', async () => {
    write(tableOfWeight(3));
    kernel = openMisbehavingTable(tableOfWeight(3));
    const daemon = await start('--drift', 'report');
    const { identity } = kernel.table().services.get(SECOND)?.service ?? {};
    if (!identity) throw new Error('no service');
    const [other] = kernel.table().services.get(SECOND)?.destinations.values() ?? [];
    if (!other) throw new Error('no destination');
    await kernel.execute([
      { kind: 'edit-destination', service: identity, destination: { ...other, weight: 9 } },
    ]);
    await until('drift', async () => (await daemon.status()).health === 'drifted');
    expect((await daemon.run('drain', FIRST, '10.0.0.1', '--for', '1s')).status).toBe(0);
    expect(weight()).toBe(0);
    await becomes(3);
    expect(weight(SECOND)).toBe(9);
  });

  it('is applied while a guard holds the plan of the files back', async () => {
    write(tableOfWeight(3, { 'tcp://192.0.2.3:80': {}, 'tcp://192.0.2.4:80': {} }));
    const daemon = await start();
    write(tableOf({ [FIRST]: { destinations: { '10.0.0.1:80': 3, '10.0.0.2:80': 1 } } }));
    await until('a guard', async () => (await daemon.status()).health === 'held');
    expect((await daemon.run('drain', FIRST, '10.0.0.1', '--for', '1s')).status).toBe(0);
    expect(weight()).toBe(0);
    expect((await daemon.status()).health).toBe('held');
    await becomes(3);
    expect(kernel.table().services.size).toBe(4);
  });

  it('by hand works while the daemon is paused', async () => {
    const daemon = await start();
    expect((await daemon.run('pause')).status).toBe(0);
    expect((await daemon.run('drain', FIRST, '10.0.0.1')).status).toBe(0);
    expect(weight()).toBe(0);
    expect((await daemon.run('undrain', FIRST, '10.0.0.1')).status).toBe(0);
    expect(weight()).toBe(3);
    expect((await daemon.status()).health).toBe('paused');
  });

  it.each([
    [['drain', 'tcp://192.0.2.9:80'], 64, 'there is no service'],
    [['drain', FIRST, '10.0.0.9'], 64, 'has no destination'],
    [['drain', FIRST, '10.0.0.1', '-f', 'x.yaml'], 64, 'a daemon runs, which has files'],
    [['drain', FIRST, '--control-socket', '/nonexistent.sock'], 69, 'no daemon runs here'],
  ])('says what is wrong with %j', async (args, status, message) => {
    const daemon = await start();
    const result = await daemon.run(...args);
    expect([result.status, result.stdout]).toEqual([status, '']);
    expect(result.stderr).toContain(message);
    expect(weight()).toBe(3);
  });

  it('is refused with exit code 74 when its record cannot be written', async () => {
    const daemon = await start();
    const { runtime } = daemon.state.folders;
    mkdirSync(join(runtime, `overrides.json.${process.pid}.tmp`, 'x'), { recursive: true });
    const { status, stderr } = await daemon.run('drain', FIRST, '10.0.0.1');
    expect([status, weight()]).toEqual([74, 3]);
    expect(stderr).toContain('overrides.json');
    expect((await daemon.status()).health).toBe('in-sync');
  });

  it('makes each pass fail while its record cannot be read, and nothing is written', async () => {
    const daemon = await start();
    mkdirSync(join(daemon.state.folders.runtime, 'overrides.json'), { recursive: true });
    write(tableOfWeight(7));
    await until('a failed pass', async () => (await daemon.status()).health === 'failed');
    expect((await daemon.status()).error?.message).toContain('cannot be read');
    expect(weight()).toBe(3);
    rmSync(join(daemon.state.folders.runtime, 'overrides.json'), { recursive: true });
    await becomes(7);
  });
});

it('a daemon of an earlier version is named, and nothing is changed', async () => {
  const daemon = await start();
  await daemon.stop();
  const path = defaultControlSocket(daemon.state);
  mkdirSync(dirname(path), { recursive: true });
  const server = createServer((socket) =>
    socket.on('data', () => {
      const message = 'no such command: "override"';
      socket.write(`${JSON.stringify({ ok: false, exit_code: 64, message })}\n`);
    }),
  );
  await new Promise<void>((resolve) => server.listen(path, () => resolve()));
  const { status, stderr } = await runCli(['drain', FIRST, '10.0.0.1'], { state: daemon.state });
  server.close();
  expect(status).toBe(69);
  expect(stderr).toMatch(/of an earlier version, which does not know `override`.*\n.*Restart/);
  expect(weight()).toBe(3);
});
