import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { beforeEach, expect, test } from 'vitest';
import planSchema from '../../schemas/plan.schema.json' with { type: 'json' };
import reportSchema from '../../schemas/report.schema.json' with { type: 'json' };
import { formatConfig } from '../../src/config/write/yaml.ts';
import { drainKey } from '../../src/model/drain.ts';
import { diff } from '../../src/plan/diff.ts';
import { openDrainStore } from '../../src/recovery/records/drains.ts';
import { type MisbehavingTable, openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { type CliOptions, type CliResult, runCli } from '../support/run-cli.ts';
import { destinationKeyOf, keyOf, tableOf } from '../support/tables.ts';
import { afterReboot, type TemporaryState, temporaryState } from '../support/temporary-state.ts';

const BEFORE = tableOf({
  'tcp://192.0.2.1:80': { scheduler: 'rr', destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 3 } },
});
const AFTER = tableOf({
  'tcp://192.0.2.1:80': { scheduler: 'rr', destinations: { '10.0.0.1:80': 2, '10.0.0.2:80': 0 } },
});
const CONFIG = formatConfig(AFTER);

let state: TemporaryState;
let kernel: MisbehavingTable;
beforeEach(() => {
  state = temporaryState();
  kernel = openMisbehavingTable(BEFORE);
});

const run = (argv: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
  runCli(argv, { state, stdin: CONFIG, openKernel: async () => kernel, ...options });
const tryIt = (...more: string[]): Promise<CliResult> =>
  run(['try', '-f', '-', '--timeout', '60s', ...more]);
const journal = () =>
  readFileSync(join(state.folders.state, 'journal.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const ajv = new Ajv({ strict: false, formats: { 'date-time': true } });
ajv.addSchema(planSchema);
const isReport = ajv.compile(reportSchema);

function reportOf({ stdout }: CliResult): unknown {
  const report = JSON.parse(stdout);
  expect({ valid: isReport(report), errors: isReport.errors }).toEqual({
    valid: true,
    errors: null,
  });
  return report;
}

test('a try stores its deadline and its rollback, readable for the owner alone, before its guard starts', async () => {
  let seen: { phase: string; deadlineSeconds: number; passes: unknown[] } | undefined;
  await run(['try', '-f', '-', '--no-wait'], {
    startInBackground: async () => {
      expect(kernel.waves).toEqual([]);
      seen = JSON.parse(readFileSync(join(state.runtime, 'try.json'), 'utf8'));
    },
  });
  expect(seen).toMatchObject({ phase: 'applying', deadlineSeconds: 5120 });
  expect(seen?.passes).toHaveLength(1);
  expect(statSync(join(state.runtime, 'try.json')).mode & 0o777).toBe(0o600);
  expect(statSync(state.runtime).mode & 0o777).toBe(0o700);
});

test('the JSON of a try that was rolled back has the report of the apply and the end of the try', async () => {
  const result = await tryIt('-o', 'json');
  expect(reportOf(result)).toMatchObject({
    outcome: 'applied',
    exit_code: 8,
    try: {
      state: 'restored',
      cause: 'timeout',
      timeout_seconds: 60,
      operations_undone: 2,
      contested: [],
      problems: [],
    },
  });
  expect(result.status).toBe(8);
});

test('the JSON of a try with --no-wait says that it is pending, and without changes it has no member try', async () => {
  expect(reportOf(await tryIt('-o', 'json', '--no-wait'))).toMatchObject({
    exit_code: 0,
    try: { state: 'pending' },
  });
  await run(['confirm']);
  expect(reportOf(await tryIt('-o', 'json'))).not.toHaveProperty('try');
});

test('the journal has the try and its rollback as two runs', async () => {
  await tryIt();
  const lines = journal();
  expect(lines.filter(({ type }) => type === 'begin')).toMatchObject([
    { verb: 'try', trigger: 'command', files: [{ path: '<stdin>' }] },
    { verb: 'try', trigger: 'timeout', files: [] },
  ]);
  expect(lines.filter(({ type }) => type === 'end')).toMatchObject([
    { outcome: 'applied', exit_code: 0 },
    { outcome: 'applied' },
  ]);
});

test('an apply that was cut off is reported once, by the next command that writes', async () => {
  class Killed extends Error {}
  const dying = { ...kernel, execute: () => Promise.reject(new Killed()) };
  const { clock } = state;
  await run(['apply', '-f', '-'], { openKernel: async () => dying });
  // A killed process cannot write the end of its run.
  const path = join(state.folders.state, 'journal.jsonl');
  writeFileSync(path, readFileSync(path, 'utf8').replace(/\{[^\n]*"type":"end"[^\n]*\n/, ''));
  clock.pass(1);
  const said =
    /the apply of .* \(pid \d+\) was cut off after operation 0 of 2; this run goes on from what the kernel has/;
  expect(await run(['apply', '-f', '-'])).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(said),
  });
  expect(await run(['apply', '-f', '-'])).toMatchObject({ status: 0, stderr: '' });
});

test('a try starts, ends and reports its outcome although the state directory cannot be written', async () => {
  mkdirSync(join(state.folders.state, '..', '..'), { recursive: true });
  writeFileSync(join(state.folders.state, '..'), 'a file where the folder should be');
  const begun = await tryIt('--no-wait');
  expect(begun).toMatchObject({
    status: 0,
    stderr: expect.stringContaining('this run is not recorded'),
  });
  state.clock.pass(61);
  await run(['guard-try', JSON.parse(readFileSync(join(state.runtime, 'try.json'), 'utf8')).id]);
  expect(diff(kernel.table(), BEFORE)).toEqual([]);
  expect(readdirSync(state.runtime)).toContain('try-outcome.json');
  expect(await run(['apply', '-f', '-'])).toMatchObject({
    status: 0,
    stderr: expect.stringContaining('was not confirmed in time; it was rolled back'),
  });
});

test('a try is rolled back although its drains cannot be stored', async () => {
  await tryIt('--no-wait');
  const drains = openDrainStore(state, () => {});
  const key = drainKey(keyOf('tcp://192.0.2.1:80'), destinationKeyOf('10.0.0.2:80'));
  await drains.write({
    drains: new Map([[key, { deadlineSeconds: 5300, weight: 3 }]]),
    policies: new Map(),
  });
  const file = join(state.runtime, 'drains.json');
  mkdirSync(`${file}.${process.pid}.tmp`);
  state.clock.pass(61);
  expect(await run(['confirm'])).toMatchObject({
    status: 8,
    stderr: expect.stringContaining('drains.json'),
  });
  expect(diff(kernel.table(), BEFORE)).toEqual([]);
});

test('the guard of a try that has ended leaves the next try alone', async () => {
  const guards: (readonly string[])[] = [];
  const startInBackground = async (argv: readonly string[]): Promise<void> =>
    void guards.push(argv);
  await run(['try', '-f', '-', '--no-wait'], { startInBackground });
  await run(['rollback']);
  await run(['try', '-f', '-', '--no-wait'], { startInBackground });
  const [first = [], second = []] = guards;
  expect(await run(first)).toMatchObject({ status: 0 });
  expect(diff(kernel.table(), AFTER)).toEqual([]);
  expect(await run(second)).toMatchObject({ status: 0 });
  expect(diff(kernel.table(), BEFORE)).toEqual([]);
});

test('a guard that cannot read the kernel tries again, and at last leaves the try to the next command', async () => {
  await tryIt('--no-wait');
  const { id } = JSON.parse(readFileSync(join(state.runtime, 'try.json'), 'utf8'));
  const { IpvstateError } = await import('../../src/errors.ts');
  let opened = 0;
  const openKernel = async () => {
    if (opened++ > 0) throw new IpvstateError('UNAVAILABLE', 'gone');
    return kernel;
  };
  expect(await run(['guard-try', id], { openKernel })).toMatchObject({ status: 6 });
  expect(opened).toBeGreaterThan(3);
  expect(existsSync(join(state.runtime, 'try.json'))).toBe(true);
  expect(await run(['confirm'])).toMatchObject({ status: 8 });
  expect(diff(kernel.table(), BEFORE)).toEqual([]);
});

test('a confirmation wins over a guard that waits for the lock at the deadline', async () => {
  await tryIt('--no-wait');
  const { id } = JSON.parse(readFileSync(join(state.runtime, 'try.json'), 'utf8'));
  const sleep = state.clock.sleep.bind(state.clock);
  state.clock.sleep = async (milliseconds) => {
    if (state.clock.seconds >= 5059) await run(['confirm']);
    await sleep(milliseconds);
  };
  expect(await run(['guard-try', id])).toMatchObject({ status: 0 });
  expect(diff(kernel.table(), AFTER)).toEqual([]);
});

test('the outcome of a try is not reported after a reboot', async () => {
  await tryIt('--no-wait');
  state.clock.pass(61);
  await run(['confirm']);
  expect(await runCli(['confirm'], { state: afterReboot(state) })).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('nothing is pending'),
  });
});
