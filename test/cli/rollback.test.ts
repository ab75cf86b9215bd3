import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { formatConfig } from '../../src/config/write/yaml.ts';
import type { Table } from '../../src/model/table.ts';
import { diff } from '../../src/plan/diff.ts';
import { takeLock } from '../../src/recovery/lock.ts';
import {
  type MisbehavingTable,
  type Misbehaviour,
  openMisbehavingTable,
} from '../support/misbehaving-ipvs.ts';
import { type CliOptions, type CliResult, runCli } from '../support/run-cli.ts';
import { daemonOf, destinationOf, serviceOf, tableOf } from '../support/tables.ts';
import { afterReboot, type TemporaryState, temporaryState } from '../support/temporary-state.ts';

const A = tableOf({
  'tcp://192.0.2.1:80': { scheduler: 'rr', destinations: { '10.0.0.1:80': 1 } },
});
const B = tableOf(
  {
    'tcp://192.0.2.1:80': { scheduler: 'rr', destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } },
    'udp://192.0.2.3:53': { scheduler: 'rr', onePacket: true, destinations: { '10.0.0.1:53': 1 } },
  },
  { timeouts: { udp: 10 }, daemons: [daemonOf('master')] },
);
const C = tableOf(
  { 'tcp://192.0.2.1:80': { scheduler: 'wlc', destinations: { '10.0.0.2:80': 7 } } },
  { timeouts: { udp: 10 } },
);

let state: TemporaryState;
let kernel: MisbehavingTable;
const is = (table: Table): void => expect(diff(kernel.table(), table)).toEqual([]);
const path = (name: string): string => join(state.runtime, name);

function boot(misbehaviour: Misbehaviour = {}): void {
  state = temporaryState();
  kernel = openMisbehavingTable(A, misbehaviour);
}
beforeEach(() => boot());

const run = (argv: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
  runCli(argv, { state, openKernel: async () => kernel, ...options });
const apply = (table: Table, ...more: string[]): Promise<CliResult> =>
  run(['apply', '-f', '-', '--max-service-deletes', 'off', ...more], {
    stdin: formatConfig(table),
  });

test('rolls services, timeouts and daemons of the last apply back, and a second rollback is refused', async () => {
  await apply(B);
  is(B);
  const result = await run(['rollback']);
  expect(result).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/^Rolling back to before the apply of /),
  });
  expect(result.stdout).toMatch(/- service .*udp:\/\/192.0.2.3:53|Applied and verified/);
  is(A);
  expect(await run(['rollback'])).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('nothing to roll back'),
  });
});

test('rolls one apply back, not two', async () => {
  await apply(B);
  await apply(C);
  expect(await run(['rollback'])).toMatchObject({ status: 0 });
  is(B);
});

test('an apply without changes keeps the rollback of the apply before it', async () => {
  await apply(B);
  await apply(B);
  expect(await run(['rollback'])).toMatchObject({ status: 0 });
  is(A);
});

test('an apply that rolled itself back keeps the rollback of the apply before it', async () => {
  boot({
    refuse: (operation) =>
      operation.kind === 'edit-service' && operation.service.scheduler === 'wlc'
        ? 'EBUSY'
        : undefined,
  });
  await apply(B);
  expect(await apply(C)).toMatchObject({ status: 5 });
  is(B);
  expect(await run(['rollback'])).toMatchObject({ status: 0 });
  is(A);
});

test('a rollback after an apply that stopped half-way leads to the table before that apply', async () => {
  boot({ refuse: (operation) => (operation.kind === 'delete-destination' ? 'EBUSY' : undefined) });
  await apply(B);
  expect(await apply(C, '--on-error', 'stop')).toMatchObject({ status: 6 });
  expect(await run(['rollback'])).toMatchObject({ status: 0 });
  is(B);
});

test('a rollback after a stopped apply and its completion leads to the table before both', async () => {
  let refusals = 1;
  boot({
    refuse: (operation) =>
      operation.kind === 'delete-destination' && refusals-- > 0 ? 'EBUSY' : undefined,
  });
  await apply(B);
  expect(await apply(C, '--on-error', 'stop')).toMatchObject({ status: 6 });
  expect(await apply(C)).toMatchObject({ status: 0 });
  is(C);
  expect(await run(['rollback'])).toMatchObject({ status: 0 });
  is(B);
});

test('a rollback after a killed apply and its completion leads to the table before both', async () => {
  await apply(B);
  class Killed extends Error {}
  const dying = {
    ...kernel,
    execute: async (wave: Parameters<MisbehavingTable['execute']>[0]) => {
      await kernel.execute(wave);
      throw new Killed();
    },
  };
  const killed = await run(['apply', '-f', '-', '--max-service-deletes', 'off'], {
    stdin: formatConfig(C),
    openKernel: async () => dying,
  });
  expect(killed.status).toBe(1);
  expect(await apply(C)).toMatchObject({ status: 0 });
  is(C);
  expect(await run(['rollback'])).toMatchObject({ status: 0 });
  is(B);
});

test('a rollback includes the second pass of an apply that another program interfered with', async () => {
  const foreign = serviceOf('tcp://192.0.2.9:80', { scheduler: 'rr' });
  const early = serviceOf('udp://192.0.2.3:53', { scheduler: 'rr' });
  boot({
    beforeWave: (wave) =>
      wave === 0
        ? [
            { kind: 'add-service', service: foreign },
            { kind: 'add-service', service: early },
          ]
        : [],
  });
  expect(await apply(B)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('in 2 passes'),
  });
  is(B);
  expect(await run(['rollback'])).toMatchObject({ status: 0 });
  expect([...kernel.table().services.keys()].sort()).toEqual([
    'tcp://192.0.2.1:80',
    'tcp://192.0.2.9:80',
  ]);
});

test('a rollback leaves an entry that another program changed alone and names it', async () => {
  await apply(B);
  const { identity } = serviceOf('tcp://192.0.2.1:80');
  await kernel.execute([
    {
      kind: 'edit-destination',
      service: identity,
      destination: destinationOf('10.0.0.2:80', { weight: 9 }),
    },
  ]);
  expect(await run(['rollback'])).toMatchObject({
    status: 6,
    stdout: expect.stringContaining(
      'Changed by another program meanwhile, and left alone: tcp://192.0.2.1:80 10.0.0.2:80',
    ),
  });
});

test('a rollback at a terminal asks for confirmation and writes nothing after no', async () => {
  await apply(B);
  const declined = await run(['rollback'], { answer: 'n' });
  expect(declined).toMatchObject({ status: 3, stderr: expect.stringMatching(/\[y\/N\]/) });
  is(B);
  expect(await run(['rollback', '--yes'], { answer: 'n' })).toMatchObject({ status: 0 });
  is(A);
});

test('a rollback that the kernel refuses can be tried again', async () => {
  let isBroken = false;
  boot({
    refuse: (operation) => (isBroken && operation.kind === 'delete-service' ? 'EBUSY' : undefined),
  });
  await apply(B);
  isBroken = true;
  expect(await run(['rollback'])).toMatchObject({ status: 6 });
  isBroken = false;
  expect(await run(['rollback'])).toMatchObject({ status: 0 });
  is(A);
});

test('a rollback whose replies are lost finds out by reading what was done', async () => {
  boot({ lose: (wave, operations) => (wave === 8 ? operations.length : undefined) });
  await apply(B);
  const waves = kernel.waves.length;
  boot({ lose: (wave, operations) => (wave === waves ? operations.length : undefined) });
  await apply(B);
  expect(await run(['rollback'])).toMatchObject({ status: 0 });
  is(A);
});

test('nothing can be rolled back after a reboot', async () => {
  await apply(B);
  const result = await runCli(['rollback'], {
    state: afterReboot(state),
    openKernel: async () => kernel,
  });
  expect(result).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('nothing to roll back'),
  });
  is(B);
});

test.each([
  ['{"format":"ipvstate-run","version":1', 'it is damaged'],
  ['{"format":"ipvstate-run","version":7}', 'it has version 7'],
])('a damaged or unknown record is set aside: %s', async (text, reason) => {
  await apply(B);
  writeFileSync(path('last.json'), text);
  expect(await run(['rollback'])).toMatchObject({
    status: 3,
    stderr: expect.stringContaining(reason),
  });
  expect(readFileSync(path('last.json.corrupt'), 'utf8')).toBe(text);
  is(B);
});

test('the JSON of a rollback is its report', async () => {
  await apply(B);
  const { status, stdout } = await run(['rollback', '-o', 'json']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    format: 'ipvstate-report',
    outcome: 'applied',
    exit_code: 0,
  });
});

test.each(['apply', 'try', 'confirm', 'rollback'])(
  '%s exits 75 at once while another command writes, and names the command',
  async (verb) => {
    const lock = await takeLock(state.lockPath, { command: 'ipvstate watch' });
    const argv = verb === 'apply' || verb === 'try' ? [verb, '-f', '-'] : [verb];
    expect(await run(argv, { stdin: formatConfig(B) })).toMatchObject({
      status: 75,
      stdout: '',
      stderr: expect.stringContaining('(ipvstate watch)'),
    });
    expect(kernel.reads).toEqual([]);
    await lock.release();
  },
);

test('plan, and apply to a saved table, need no lock and leave no records', async () => {
  const lock = await takeLock(state.lockPath, { command: 'ipvstate watch' });
  const table = path('../table.yaml');
  const { mkdirSync } = await import('node:fs');
  mkdirSync(state.runtime, { recursive: true });
  writeFileSync(table, formatConfig(A));
  expect(await run(['plan', '-f', '-'], { stdin: formatConfig(B) })).toMatchObject({ status: 0 });
  expect(
    await run(['apply', '-f', '-', '--table', table], { stdin: formatConfig(B) }),
  ).toMatchObject({ status: 0 });
  expect(existsSync(path('last.json'))).toBe(false);
  await lock.release();
});
