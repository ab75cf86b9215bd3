import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { defaultControlSocket } from '../../src/cli/control.ts';
import type { SnapshotDocument } from '../../src/daemon/page/documents.ts';
import type { Table } from '../../src/model/table.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';
import { plan } from '../../src/plan/plan.ts';
import { makeFolder } from '../../src/recovery/make-folder.ts';
import { DaemonInProcess } from '../support/daemon.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { operationsOf } from '../support/plan-runs.ts';
import { runCli } from '../support/run-cli.ts';
import { tableOf } from '../support/tables.ts';
import { temporaryState } from '../support/temporary-state.ts';
import { until } from '../support/until.ts';

const addressOf = (index: number): string => `tcp://192.0.2.${index}:80`;

function dataOf(html: string): SnapshotDocument {
  const data = /<script type="application\/json" id="snapshot">(.*)<\/script>/.exec(html)?.[1];
  return JSON.parse(data ?? '');
}

/** Text of a file with services of one destination each, which have names. */
function fileText(count: number): string {
  const services = Array.from({ length: count }, (_, index) => {
    const address = addressOf(index + 1);
    return `  - { name: s${index + 1}, address: "${address}", destinations: [10.0.0.1] }`;
  });
  return ['version: 1', 'services:', ...services, ''].join('\n');
}

/** A daemon with a file, and with the kernel that the command reads as well. */
async function startDaemon(text: string, ...args: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-export-'));
  const file = join(folder, 'ipvs.yaml');
  const write = (next: string): void => {
    writeFileSync(`${file}.new`, next);
    renameSync(`${file}.new`, file);
  };
  write(text);
  const kernel = openMisbehavingTable(tableOf({}));
  const timing = ['--interval', '20ms', '--debounce', '20ms'];
  const daemon = new DaemonInProcess(
    join(folder, 'daemon'),
    ['-f', file, ...timing, ...args],
    async () => kernel,
  );
  onTestFinished(async () => {
    await daemon.stop();
    rmSync(folder, { recursive: true });
  });
  await daemon.start();
  return {
    ...{ daemon, file, write },
    foreign: (table: Table) => kernel.execute(operationsOf(plan(kernel.table(), table))),
    health: (name: string) => until(name, async () => (await daemon.status()).health === name),
    export: async (): Promise<SnapshotDocument> => {
      const { status, stdout, stderr } = await daemon.run('export', '-o', 'html');
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return dataOf(stdout);
    },
  };
}

describe('export -o html beside a daemon', () => {
  it('has the difference, name and line of each service, however many differ', async () => {
    const world = await startDaemon(fileText(60), '--drift', 'report');
    const others = Array.from({ length: 59 }, (_, index) => [
      addressOf(index + 2),
      { destinations: { '10.0.0.1:80': 2 } },
    ]);
    await world.foreign(tableOf(Object.fromEntries(others)));
    await world.health('unserved');
    const { services, status, problems } = await world.export();
    expect(problems).toEqual([]);
    expect(status?.help[0]?.command).toBe(`ipvstate explain ${addressOf(1)}`);
    expect(Array.isArray(status?.doctor)).toBe(true);
    const rows = new Map(services.services.map((one) => [one.service, one]));
    expect(rows.size).toBe(60);
    expect(rows.get(addressOf(1))).toMatchObject({
      ...{ state: 'unserved', live: false, name: 's1' },
      destinations_list: [{ live: false, weight: { live: null, desired: 1 } }],
    });
    for (let index = 2; index <= 60; index++)
      expect(rows.get(addressOf(index))).toMatchObject({
        ...{ state: 'drifted', name: `s${index}`, source: { file: world.file, line: index + 2 } },
        destinations_list: [{ state: 'drifted', weight: { live: 2, desired: 1 } }],
      });
  });

  it('has the plan that is held back, and the overrides of destinations', async () => {
    const world = await startDaemon(fileText(4));
    await world.daemon.run('weight', addressOf(1), '10.0.0.1', '5', '--reason', 'a <b>test</b>');
    world.write(fileText(1));
    await world.health('held');
    const { services, status } = await world.export();
    expect(services.services.map(({ state }) => state)).toEqual([
      ...['overridden', 'held', 'held', 'held'],
    ]);
    expect(services.services[0]?.destinations_list).toMatchObject([
      { destination: '10.0.0.1:80', override: { weight: 5, reason: 'a <b>test</b>' } },
    ]);
    expect(status?.waiting_plan?.join('\n')).toContain('Plan: ');
    expect(status?.help[0]?.command).toMatch(/^ipvstate approve /);
  });

  it('has the excerpt of an invalid file, and the last runs', async () => {
    const world = await startDaemon(fileText(1));
    world.write('version: 1\nservicse: []\n');
    await world.health('invalid');
    const { services, status, history } = await world.export();
    expect(services.services.map(({ state }) => state)).toEqual(['ok']);
    expect(status?.error_excerpt?.join('\n')).toContain('servicse');
    expect(history?.runs[0]?.verb).toBe('watch');
  });

  it('says that the services are not known when the daemon has never had a valid file', async () => {
    const world = await startDaemon('version: 1\nservicse: []\n');
    await world.foreign(tableOf({ [addressOf(1)]: { destinations: { '10.0.0.1:80': 2 } } }));
    const { services } = await world.export();
    expect(services.services).toMatchObject([
      { state: 'unknown', destinations_list: [{ state: 'unknown', weight: { live: 2 } }] },
    ]);
  });
});

describe('export -o html beside a daemon of another version', () => {
  it.each([
    ['{"ok":false,"exit_code":64,"message":"no such command: \\"page\\""}', 'earlier version'],
    ['{"ok":true,"exit_code":0,"document":{"status":{},"services":[]}}', 'does not understand'],
    ['{"ok":false,"exit_code":70,"message":"a \\u202ebug"}', 'a \\u202ebug'],
  ])('says that its state is left out: %s', async (answer, reason) => {
    const state = temporaryState();
    const socket = defaultControlSocket(state);
    makeFolder(dirname(socket));
    const server = createServer((client) => client.once('data', () => client.end(`${answer}\n`)));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    onTestFinished(() => void server.close());
    const openKernel = async () => openEmbeddedTable(tableOf({ [addressOf(1)]: {} }));
    const ran = await runCli(['export', '-o', 'html'], { state, openKernel });
    expect(ran.status).toBe(0);
    expect(ran.stderr).toContain(`left out: the state of the daemon: `);
    expect(ran.stderr).toContain(reason);
    const { status, services } = dataOf(ran.stdout);
    expect(status).toBeNull();
    expect(services.services.map((one) => one.state)).toEqual(['unknown']);
  });
});
