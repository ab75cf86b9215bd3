import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { beforeEach, describe, expect, it } from 'vitest';
import planSchema from '../../schemas/plan.schema.json' with { type: 'json' };
import { formatConfig } from '../../src/config/write/yaml.ts';
import type { Operation } from '../../src/model/operation.ts';
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

const WEB = 'tcp://192.0.2.1:80';
const web = (weight: number, more: Readonly<Record<string, number>> = {}) => ({
  [WEB]: { scheduler: 'rr', destinations: { '10.0.0.1:80': weight, ...more } },
});
const A = tableOf(web(1));
const B = tableOf(
  { ...web(2), 'fwmark:7/ipv6': { scheduler: 'mh', destinations: { '[2001:db8::1]:0': 1 } } },
  { timeouts: { udp: 10 }, daemons: [daemonOf('master')] },
);
const C = tableOf(
  { ...web(2, { '10.0.0.2:80': 5 }), 'udp://192.0.2.3:53': { destinations: { '10.0.0.9:53': 1 } } },
  { timeouts: { udp: 20 } },
);

let state: TemporaryState;
let kernel: MisbehavingTable;
const is = (table: Table): void => expect(diff(kernel.table(), table)).toEqual([]);

function boot(misbehaviour: Misbehaviour = {}): void {
  state = temporaryState();
  kernel = openMisbehavingTable(A, misbehaviour);
}
beforeEach(() => boot());

const run = (line: string, options: CliOptions = {}): Promise<CliResult> =>
  runCli(line.split(' '), { state, openKernel: async () => kernel, ...options });

async function apply(table: Table): Promise<void> {
  state.clock.pass(60);
  const result = await run('apply -f - --yes --max-service-deletes off --allow-empty', {
    stdin: formatConfig(table),
  });
  expect(result).toMatchObject({ status: 0 });
}

/** The ids of all runs, the oldest first. */
async function ids(): Promise<string[]> {
  const { stdout } = await run('history -o json');
  return (JSON.parse(stdout) as { runs: { id: string }[] }).runs.map(({ id }) => id).reverse();
}

const edit = (weight: number): Operation => ({
  kind: 'edit-destination',
  service: serviceOf(WEB).identity,
  destination: destinationOf('10.0.0.1:80', { weight }),
});

/** Every file below the folders of the state, with its text. */
function files(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const folder of Object.values(state.folders))
    for (const name of existsSync(folder) ? readdirSync(folder, { recursive: true }) : []) {
      const path = join(folder, String(name));
      if (statSync(path).isFile()) found[path] = readFileSync(path, 'utf8');
    }
  return found;
}

describe('rollback --to', () => {
  it('goes back to before the run, over all runs since', async () => {
    await apply(B);
    await apply(C);
    await apply(tableOf({}));
    const [first, second] = await ids();
    const over = await run(`rollback --to ${second} --yes`);
    expect(over).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(
        new RegExp(`^Rolling back to before the apply of .* \\(run ${second}\\), over 2 runs\\.\n`),
      ),
    });
    is(B);
    expect(await run(`rollback --to ${first} --yes`)).toMatchObject({ status: 0 });
    is(A);
  });

  it('takes the beginning of an id', async () => {
    await apply(B);
    const [first = ''] = await ids();
    expect(await run(`rollback --to ${first.slice(0, 8)} --yes`)).toMatchObject({ status: 0 });
    is(A);
  });

  it('rolls a rollback back, too', async () => {
    await apply(B);
    await run('rollback --yes');
    is(A);
    state.clock.pass(60);
    const rollback = (await ids()).at(-1);
    expect(await run(`rollback --to ${rollback} --yes`)).toMatchObject({ status: 0 });
    is(B);
  });

  it('rolls changes of the ipvsadm front end back', async () => {
    await run('ipvsadm -A -t 192.0.2.9:80 -s rr');
    await run('ipvsadm -e -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 9');
    await run('ipvsadm -D -t 192.0.2.9:80');
    await run('ipvsadm -C');
    await run('ipvsadm --set 100 0 0');
    is(tableOf({}, { timeouts: { tcp: 100 } }));
    const [first] = await ids();
    expect(await run(`rollback --to ${first} --yes`)).toMatchObject({ status: 0 });
    is(A);
  });

  it('leaves what another program changed since, and names it', async () => {
    await apply(B);
    await kernel.execute([edit(77)]);
    await apply(C);
    await kernel.execute([
      { kind: 'add-service', service: serviceOf('tcp://192.0.2.66:80', { scheduler: 'rr' }) },
    ]);
    const [first] = await ids();
    const { status, stdout } = await run(`rollback --to ${first} --yes`);
    expect(status).toBe(6);
    expect(stdout).toContain(`left alone: ${WEB} 10.0.0.1:80.`);
    is(tableOf({ ...web(77), 'tcp://192.0.2.66:80': { scheduler: 'rr' } }));
  });

  it('is not followed by a rollback of a run that it rolled back', async () => {
    await apply(B);
    await apply(C);
    const [first] = await ids();
    await run(`rollback --to ${first} --yes`);
    expect(await run('rollback --yes')).toMatchObject({ status: 3 });
    is(A);
  });

  it('keeps the record of an older apply', async () => {
    await apply(B);
    await run('ipvsadm -A -f 9 -s rr');
    const front = (await ids()).at(-1);
    expect(await run(`rollback --to ${front} --yes`)).toMatchObject({ status: 0 });
    is(B);
    expect(await run('rollback --yes')).toMatchObject({ status: 0 });
    is(A);
  });

  it('goes back over a run that was cut off before its answers came', async () => {
    await apply(B);
    const path = join(state.folders.state, 'journal.jsonl');
    const lines = readFileSync(path, 'utf8').split('\n');
    const begun = lines.filter((line) => !/"type":"(?:outcomes|end)"/.test(line));
    writeFileSync(path, begun.join('\n'));
    const [first] = await ids();
    expect(await run(`rollback --to ${first} --yes`)).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('was cut off'),
    });
    is(A);
  });

  it('asks a person at a terminal first', async () => {
    await apply(B);
    const [first] = await ids();
    expect(await run(`rollback --to ${first}`, { answer: 'n' })).toMatchObject({
      status: 3,
      stdout: expect.stringContaining('Declined. Nothing was changed.\n'),
    });
    is(B);
  });
});

describe('rollback --to changes nothing', () => {
  async function expectRefusal(line: string, status: number, message: string): Promise<void> {
    const before = kernel.table();
    const result = await run(line);
    expect(result).toMatchObject({ status, stdout: '' });
    expect(result.stderr).toContain(message);
    expect(kernel.table()).toBe(before);
  }

  it('for an empty text, with which every id begins', async () => {
    await apply(B);
    const result = await runCli(['rollback', '--to', '', '--yes'], {
      state,
      openKernel: async () => kernel,
    });
    expect(result).toMatchObject({ status: 64, stdout: '' });
    expect(result.stderr).toContain('an empty text names no run');
  });

  it('for an unknown run', async () => {
    await apply(B);
    await expectRefusal('rollback --to zzz --yes', 64, 'no run of the journal begins with zzz');
  });

  it('after a reboot', async () => {
    await apply(B);
    const [first] = await ids();
    state = afterReboot(state);
    await expectRefusal(`rollback --to ${first} --yes`, 3, 'is gone since the last boot');
  });

  it('when a line since the run is damaged', async () => {
    await apply(B);
    appendFileSync(join(state.folders.state, 'journal.jsonl'), '{"damaged"\n');
    await apply(C);
    const [first, second] = await ids();
    await expectRefusal(`rollback --to ${first} --yes`, 3, 'is damaged, and may have changes');
    expect(await run(`rollback --to ${second} --yes`)).toMatchObject({ status: 0 });
    is(B);
  });

  it('when an earlier version journaled a run since', async () => {
    await apply(B);
    const path = join(state.folders.state, 'journal.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/,"unchanged":\{.*?\}/g, ''));
    const [first] = await ids();
    await expectRefusal(`rollback --to ${first} --yes`, 3, 'without the settings from before');
  });

  it('when a large run of the front end has no settings', async () => {
    await apply(B);
    const rules = Array.from({ length: 1001 }, (_, mark) => `-A -f ${mark + 99} -s rr\n`).join('');
    await run('ipvsadm -R', { stdin: rules });
    const [first] = await ids();
    await expectRefusal(`rollback --to ${first} --yes`, 3, 'the ipvsadm of');
  });

  it('while a try is pending', async () => {
    await apply(B);
    const [first] = await ids();
    await run('try -f - --yes --no-wait --max-service-deletes off', { stdin: formatConfig(C) });
    await expectRefusal(`rollback --to ${first} --yes`, 3, 'waits to be confirmed');
    await expectRefusal(`rollback --to ${first} --dry-run`, 3, 'waits to be confirmed');
  });

  it('while another process writes', async () => {
    await apply(B);
    const [first] = await ids();
    const lock = await takeLock(state.lockPath, { command: 'ipvstate watch' });
    await expectRefusal(`rollback --to ${first} --yes`, 75, 'another ipvstate is writing');
    await lock.release();
  });
});

describe('rollback --dry-run', () => {
  const isPlan = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(
    planSchema,
  );

  it.each(['', '--to'])('prints the plan of rollback %s, and writes nothing', async (to) => {
    await apply(B);
    const [first] = await ids();
    const lock = await takeLock(state.lockPath, { command: 'ipvstate watch' });
    const before = files();
    const line = `rollback --dry-run${to === '' ? '' : ` --to ${first}`}`;
    const { status, stdout, stderr } = await run(line);
    expect(files()).toEqual(before);
    await lock.release();
    expect(status).toBe(0);
    expect(stderr).toMatch(/^This would roll back to before the apply of /);
    expect(stdout).toContain('    ~ 10.0.0.1:80  weight 2 -> 1\n');
    expect(stdout).toMatch(/^Plan: 1 service to delete, .* \(\d operations\)\.$/m);
    is(B);
    expect(await run(`${line} --detailed-exitcode`)).toMatchObject({ status: 2 });
  });

  it('prints the plan as JSON, with the objects that others changed', async () => {
    await apply(B);
    await kernel.execute([edit(77)]);
    const { status, stdout } = await run('rollback --dry-run -o json');
    expect(status).toBe(0);
    const document = JSON.parse(stdout);
    expect({ isValid: isPlan(document), errors: isPlan.errors }).toMatchObject({ isValid: true });
    expect(document).toMatchObject({ noop: false, contested: [`${WEB} 10.0.0.1:80`] });
    expect((await run('rollback --dry-run')).stdout).toContain(
      `Changed by another program since, and left alone: ${WEB} 10.0.0.1:80.\n`,
    );
  });

  it('says when nothing is left to roll back', async () => {
    await apply(B);
    const [first] = await ids();
    await run('rollback --yes');
    expect(await run(`rollback --dry-run --to ${first} --detailed-exitcode`)).toMatchObject({
      status: 0,
      stdout: 'No changes: there is nothing to roll back.\n',
    });
    expect(await run('rollback --dry-run')).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('nothing to roll back: no apply is on record'),
    });
  });

  it('prints the plan that rejects the pending try', async () => {
    await run('try -f - --yes --no-wait --max-service-deletes off', { stdin: formatConfig(B) });
    const { status, stdout, stderr } = await run('rollback --dry-run');
    expect(status).toBe(0);
    expect(stderr).toContain('This would roll back to before the try of ');
    expect(stdout).toContain('weight 2 -> 1');
    is(B);
  });
});
