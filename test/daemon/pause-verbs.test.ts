import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { formatConfig } from '../../src/config/write/yaml.ts';
import { isStatus } from '../../src/daemon/status/parse-status.ts';
import type { Table } from '../../src/model/table.ts';
import { DaemonInProcess } from '../support/daemon.ts';
import { type MisbehavingTable, openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { runCli } from '../support/run-cli.ts';
import { keyOf, tableOf } from '../support/tables.ts';
import { until } from '../support/until.ts';

const FIRST = keyOf('tcp://192.0.2.1:80');

const tableOfWeights = (first: number, second: number): Table =>
  tableOf({
    'tcp://192.0.2.1:80': { scheduler: 'rr', destinations: { '10.0.0.1:80': first } },
    'tcp://192.0.2.2:80': { scheduler: 'rr', destinations: { '10.0.0.2:80': second } },
  });

let folder: string;
let file: string;
let kernel: MisbehavingTable;
let started: DaemonInProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-pause-'));
  file = join(folder, 'ipvs.yaml');
  kernel = openMisbehavingTable(tableOf({}));
  started = [];
  write(1, 1);
  return async () => {
    for (const daemon of started) await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  };
});

function write(first: number, second: number): void {
  writeFileSync(`${file}.new`, formatConfig(tableOfWeights(first, second)));
  renameSync(`${file}.new`, file);
}

async function start(): Promise<DaemonInProcess> {
  const args = ['-f', file, '--interval', '20ms', '--debounce', '20ms'];
  const daemon = new DaemonInProcess(join(folder, 'daemon'), args, async () => kernel);
  started.push(daemon);
  return daemon.start();
}

const weights = (): (number | undefined)[] =>
  [...kernel.table().services.values()].map(
    ({ destinations }) => destinations.values().next().value?.weight,
  );

const becomes = (first: number, second: number): Promise<void> =>
  until(`weights ${first} and ${second}`, () => `${weights()}` === `${[first, second]}`);

describe('pause and resume', () => {
  it.each(['pause', 'resume'])(
    '%s exits 69 without a daemon, and says how to start one',
    async (verb) => {
      expect(await runCli([verb, '--control-socket', join(folder, 'none.sock')])).toMatchObject({
        status: 69,
        stdout: '',
        stderr: expect.stringMatching(/no daemon runs here.*\n.*ipvstate watch/),
      });
    },
  );

  it.each([
    [['--for', '25h'], 'at most 24h, or ever'],
    [['--for', '0'], 'at most 24h, or ever'],
    [['--for', 'forever'], 'at most 24h, or ever'],
    [['--reason', 'two\nlines'], 'Expected one line'],
    [['--reason', '\u202e'], 'Expected one line'],
    [['--reason', 'x'.repeat(201)], 'at most 200 characters'],
  ])('pause %j is refused as a wrong command line', async (args, message) => {
    const { status, stderr } = await runCli(['pause', ...args]);
    expect(status).toBe(64);
    expect(stderr).toContain(message);
  });

  it('make the daemon write nothing until the end, and say so everywhere', async () => {
    const daemon = await start();
    const paused = await daemon.run('pause', '--reason', 'kernel upgrade');
    expect(paused).toMatchObject({ status: 0, stderr: '' });
    expect(paused.stdout).toMatch(
      /^Paused by \S+, since \d\d:\d\d, until \d\d:\d\d: kernel upgrade\.\nThe daemon watches and writes nothing\. `ipvstate resume` ends the pause\.\n$/,
    );
    write(5, 5);
    await until('the changed file', async () => (await daemon.status()).health === 'drifted');
    const status = await daemon.status();
    expect(isStatus(status)).toBe(true);
    expect(status.paused).toMatchObject({ reason: 'kernel upgrade', services: null });
    expect(status.paused?.seconds_left).toBeGreaterThan(3000);
    const { stdout } = await daemon.run('status');
    expect(stdout).toMatch(/^Paused: {5}by \S+, since \S+, until \S+: kernel upgrade$/m);
    expect(stdout).toContain('`ipvstate resume` ends the pause');
    expect(stdout).toContain('commands by hand, such as `apply` and `drain`, still write');
    expect((await daemon.get('/readyz')).status).toBe(503);
    expect((await daemon.get('/metrics')).body).toMatch(/^ipvstate_paused 1$/m);
    const reloaded = await daemon.run('reload');
    expect(reloaded).toMatchObject({
      status: 3,
      stdout: expect.stringMatching(/differs.*Nothing was written: paused by .*ipvstate resume/s),
    });
    expect(await daemon.run('approve')).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(
        /the daemon is paused by .*nothing was written\n.*ipvstate resume/,
      ),
    });
    expect(weights()).toEqual([1, 1]);
    expect(await daemon.run('resume')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^The pause is over\.\nApplied and verified: 2 operations/),
    });
    expect(weights()).toEqual([5, 5]);
    expect(daemon.events('paused')).toMatchObject([{ reason: 'kernel upgrade', seconds: 3600 }]);
    expect(daemon.events('resumed')).toHaveLength(1);
    expect(await daemon.run('resume')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('The daemon was not paused.'),
    });
  });

  it('let other commands write meanwhile, which the end of the pause corrects', async () => {
    const daemon = await start();
    expect(await daemon.run('apply', '-f', file)).toMatchObject({ status: 75 });
    await daemon.run('pause', '--for', 'ever');
    const other = join(folder, 'other.yaml');
    writeFileSync(other, formatConfig(tableOfWeights(7, 7)));
    expect(await daemon.run('apply', '-f', other)).toMatchObject({ status: 0 });
    expect(weights()).toEqual([7, 7]);
    expect(await daemon.run('resume')).toMatchObject({ status: 0 });
    expect(weights()).toEqual([1, 1]);
    expect(await daemon.run('apply', '-f', other)).toMatchObject({ status: 75 });
  });

  it('let no second daemon begin, which names the one that is paused', async () => {
    const daemon = await start();
    await daemon.run('pause', '--for', 'ever');
    const socket = ['--control-socket', join(folder, 'other.sock')];
    const { status, stderr } = await daemon.run('watch', '-f', file, ...socket);
    expect(status).toBe(75);
    expect(stderr).toMatch(
      /another daemon follows files in this network namespace, and is paused: the lock is held by pid \d+ \(ipvstate watch\)/,
    );
    expect(await daemon.run('apply', '-f', file)).toMatchObject({ status: 0 });
    expect(await daemon.run('resume')).toMatchObject({ status: 0 });
  });

  it.each([
    ['the daemon', []],
    ['the service', ['--only', FIRST]],
  ])('let an operator drain a server while %s is paused', async (_, only) => {
    const daemon = await start();
    await daemon.run('pause', ...only);
    const drained = await daemon.run('drain', FIRST, '--allow-unserved');
    expect(drained).toMatchObject({ status: 0, stderr: '' });
    expect(weights()).toEqual([0, 1]);
    expect((await daemon.status()).paused).not.toBeNull();
    // With --only, the daemon has the lock during each of its own passes.
    const applied = await daemon.run('apply', '-f', file, '--lock-timeout', '30s');
    expect(applied).toMatchObject({ status: 0 });
    expect(weights()).toEqual([0, 1]);
    expect((await daemon.run('undrain', FIRST)).status).toBe(0);
    expect(weights()).toEqual([1, 1]);
  });

  it('do not let the daemon write while a try that began in the pause is pending', async () => {
    const daemon = await start();
    await daemon.run('pause');
    const other = join(folder, 'other.yaml');
    writeFileSync(other, formatConfig(tableOfWeights(7, 7)));
    expect(await daemon.run('try', '-f', other, '--no-wait', '--timeout', '1h')).toMatchObject({
      status: 0,
    });
    expect(await daemon.run('resume')).toMatchObject({
      status: 75,
      stdout: expect.stringMatching(/the try of .* is pending; nothing was changed/),
    });
    expect(weights()).toEqual([7, 7]);
    expect((await daemon.run('rollback', '--yes')).status).toBe(0);
    await becomes(1, 1);
    expect((await daemon.run('reload')).status).toBe(0);
  });

  it('end by time, with a pass at once', async () => {
    const daemon = await start();
    await daemon.run('pause', '--for', '1s');
    await kernel.execute([]);
    write(5, 5);
    await becomes(5, 5);
    expect((await daemon.status()).paused).toBeNull();
    expect(daemon.events('resumed')).toHaveLength(1);
  });

  it('hold for a daemon that is started anew', async () => {
    const daemon = await start();
    await daemon.run('pause', '--for', 'ever');
    await daemon.stop();
    write(5, 5);
    const again = await start();
    expect((await again.status()).paused).toMatchObject({ until: null, seconds_left: null });
    expect(weights()).toEqual([1, 1]);
    expect((await again.run('resume')).status).toBe(0);
    expect(weights()).toEqual([5, 5]);
  });

  it('leave only some services alone with --only', async () => {
    const daemon = await start();
    expect(await daemon.run('pause', '--only', '*192.0.2.1*')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`These services are left alone: ${FIRST}.`),
    });
    write(5, 5);
    await becomes(1, 5);
    expect(await daemon.run('reload')).toMatchObject({
      status: 2,
      stdout: expect.stringContaining('Some services were left alone: paused by'),
    });
    expect((await daemon.run('status')).stdout).toContain(`1 service left alone: ${FIRST}`);
    expect((await daemon.run('resume')).status).toBe(0);
    expect(weights()).toEqual([5, 5]);
  });

  it('refuse a service that nobody knows, and a pause that cannot be stored', async () => {
    const daemon = await start();
    expect(await daemon.run('pause', '--only', 'shpo')).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('--only shpo matches no service'),
    });
    mkdirSync(join(daemon.state.folders.runtime, `pause.json.${process.pid}.tmp`, 'x'), {
      recursive: true,
    });
    expect(await daemon.run('pause')).toMatchObject({
      status: 74,
      stderr: expect.stringContaining('pause.json'),
    });
    expect((await daemon.status()).paused).toBeNull();
  });

  it('do not write when the pause cannot be read at the start', async () => {
    const { runtime } = new DaemonInProcess(join(folder, 'daemon'), [], async () => kernel).state
      .folders;
    mkdirSync(join(runtime, 'pause.json'), { recursive: true });
    const daemon = await start();
    expect(await daemon.status()).toMatchObject({ health: 'failed', error: { code: 'IO' } });
    expect(weights()).toEqual([]);
    rmSync(join(runtime, 'pause.json'), { recursive: true });
    await becomes(1, 1);
  });
});
