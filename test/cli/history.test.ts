import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import schema from '../../schemas/history.schema.json' with { type: 'json' };
import { systemState } from '../../src/recovery/state.ts';
import { type MisbehavingTable, openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { PROGRAM } from '../support/program.ts';
import { type CliOptions, type CliResult, runCli } from '../support/run-cli.ts';
import { daemonOf, tableOf } from '../support/tables.ts';
import { afterReboot, type TemporaryState, temporaryState } from '../support/temporary-state.ts';

beforeAll(() => {
  vi.stubEnv('TZ', 'UTC');
});
afterAll(() => {
  vi.unstubAllEnvs();
});

const isHistory = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(
  schema,
);

let state: TemporaryState;
let kernel: MisbehavingTable;
beforeEach(() => {
  state = temporaryState();
  kernel = openMisbehavingTable(tableOf({}));
});

const run = (line: string, options: CliOptions = {}): Promise<CliResult> =>
  runCli(line.split(' '), { state, openKernel: async () => kernel, ...options });

const shop = (weight: number, more = ''): string => `version: 1
defaults: { forward: masq }
services:
  - name: shop
    address: tcp://192.0.2.10:443
    destinations: [10.1.0.11, { address: 10.1.0.12, weight: ${weight} }]
${more}`;
const DNS = '  - { name: dns, address: "udp://192.0.2.53:53", destinations: [10.2.0.1] }\n';

/** Applies a configuration one minute after the last command. */
async function apply(text: string, ...more: string[]): Promise<CliResult> {
  state.clock.pass(60);
  return run(['apply -f - --yes --max-service-deletes off', ...more].join(' '), { stdin: text });
}

interface Document {
  readonly runs: readonly {
    readonly id: string;
    readonly [name: string]: unknown;
    readonly operations?: readonly Record<string, unknown>[];
    readonly changes?: readonly Record<string, unknown>[] | null;
  }[];
  readonly rest: string;
  readonly problems: readonly string[];
}

async function documentOf(line: string, options: CliOptions = {}): Promise<Document> {
  const { status, stdout } = await run(`${line} -o json`, options);
  expect(status).toBe(0);
  const document = JSON.parse(stdout);
  expect({ isValid: isHistory(document), errors: isHistory.errors }).toMatchObject({
    isValid: true,
  });
  return document as Document;
}

const idOf = async (index: number): Promise<string> =>
  (await documentOf('history')).runs.at(index)?.id ?? '';
const journal = (name = 'journal.jsonl'): string => join(state.folders.state, name);

describe('history', () => {
  it('says when there are no runs', async () => {
    expect(await run('history')).toEqual({ status: 0, stdout: 'No runs.\n', stderr: '' });
    expect(await documentOf('history')).toMatchObject({ runs: [], rest: 'none', problems: [] });
  });

  it('has two lines for each run, the newest first', async () => {
    await apply(shop(3));
    await apply(shop(5, DNS));
    state.clock.pass(60);
    await run('ipvsadm -A -f 7 -s rr');
    const { stdout, stderr } = await run('history');
    expect(stderr).toBe('');
    const id = '[a-z0-9]+-\\d+-[a-z0-9]+';
    const [, ...lines] = stdout.split(new RegExp(`^${id}  `, 'm'));
    expect(lines).toEqual([
      '2026-05-04 12:03:00  ipvsadm: applied, 1 operation\n    alice as root: ipvstate apply -f ipvs.yaml\n',
      '2026-05-04 12:02:00  apply: applied, 4 operations\n    alice as root: ipvstate apply -f ipvs.yaml; <stdin> 9545f34c\n',
      '2026-05-04 12:01:00  apply: applied, 5 operations\n    alice as root: ipvstate apply -f ipvs.yaml; <stdin> 43112f3c\n',
    ]);
  });

  it('looks as the manual shows it', async () => {
    const manual = readFileSync(new URL('../../src/manual/operating.md', import.meta.url), 'utf8');
    const [, example] = /is not in it[^`]*```text\n(.*?)```/s.exec(manual) ?? [];
    const file = (path: string, digest: string) => ({ path, sha256: digest.padEnd(64, '0') });
    const begin = { type: 'begin', version: 1, pid: 4711, ...state.life, changes: 1 };
    const operations = (count: number) =>
      Array.from({ length: count }, (_, mark) => ({ operation: `add-service fwmark:${mark + 1}` }));
    const lines = [
      {
        ...begin,
        run: 'mp3k1v7d-4702-k2m8x0',
        time: '2027-01-31T09:12:41Z',
        caller: {
          uid: 0,
          user: 'root',
          sudo_user: 'alice',
          command: ['ipvstate', 'apply', '-f', 'shop.yaml'],
        },
        verb: 'apply',
        trigger: 'command',
        files: [file('shop.yaml', '9545f34c')],
        operations: 7,
      },
      { type: 'wave', first: 1, operations: operations(4) },
      { type: 'outcomes', first: 1, done: 4, refused: [] },
      { type: 'end', outcome: 'partial', exit_code: 6 },
      {
        ...begin,
        run: 'mp3k2x1c-4711-8q2z9a',
        time: '2027-01-31T09:30:00Z',
        caller: { uid: 0, user: 'root', command: ['ipvstate', 'watch'] },
        verb: 'watch',
        trigger: 'file',
        files: [file('/etc/ipvstate/ipvstate.yaml', '43112f3c')],
        operations: 1,
      },
      { type: 'wave', first: 1, operations: operations(1) },
      { type: 'outcomes', first: 1, done: 1, refused: [] },
      { type: 'end', outcome: 'applied', exit_code: 0 },
    ];
    mkdirSync(state.folders.state, { recursive: true });
    const time = '2027-01-31T09:31:00Z';
    for (const [index, line] of lines.entries()) {
      const run = index < 4 ? 'mp3k1v7d-4702-k2m8x0' : 'mp3k2x1c-4711-8q2z9a';
      appendFileSync(journal(), `${JSON.stringify({ run, time, ...line })}\n`);
    }
    expect((await run('history')).stdout).toBe(example);
  });

  it.each([
    ['apply', 'alice as root: ipvstate apply -f ipvs.yaml (timeout)'],
    ['watch', 'alice as root: trigger timeout'],
  ])('says why a run began that no command asked for: %s', async (verb, cause) => {
    await apply(shop(3));
    const text = readFileSync(journal(), 'utf8').replace(
      '"trigger":"command"',
      '"trigger":"timeout"',
    );
    writeFileSync(journal(), text.replace('"verb":"apply"', `"verb":"${verb}"`));
    expect((await run('history')).stdout).toContain(`\n    ${cause}; <stdin> `);
  });

  it('fits into 80 columns, whatever the command line is', async () => {
    const files = Array.from({ length: 20 }, (_, index) => `/etc/ipvstate/conf.d/${index}.yaml`);
    state = {
      ...state,
      caller: { uid: 4_000_000, command: ['ipvstate', 'apply', ...files, '\u001b[31m', 'a b'] },
    };
    await apply(shop(3));
    const { stdout } = await run('history');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(Math.max(...lines.map(({ length }) => length))).toBe(80);
    expect(lines[1]).toMatch(/^ {4}uid 4000000: ipvstate apply .*…; <stdin> [0-9a-f]{8}$/);
  });

  it('shows what the journal of an earlier version has', async () => {
    await apply(shop(3));
    const old = readFileSync(journal(), 'utf8')
      .replace(/,"caller":\{.*?\]\}/, '')
      .replace(/,"names":\{.*?\}/, '');
    writeFileSync(journal(), old);
    expect((await run('history')).stdout).toMatch(
      /apply: applied, .*\n {4}pid \d+: trigger command/,
    );
    expect((await documentOf('history')).runs).toMatchObject([{ caller: null, names: {} }]);
  });

  it('has the operations with the settings that an edit changed', async () => {
    await apply(shop(3));
    await apply(shop(5, 'timeouts: { udp: 10s }\n'));
    const { stdout } = await run('history --operations --last 1');
    expect(stdout.split('\n').slice(2)).toEqual([
      '      set-timeouts tcp=0 tcp_fin=0 udp=10  udp 300 -> 10',
      '      edit-destination tcp://192.0.2.10:443 10.1.0.12:443  weight 3 -> 5',
      '',
    ]);
    const [newest, oldest] = (await documentOf('history --operations')).runs;
    expect(newest?.operations).toMatchObject([
      { number: 1, before: { udp: 300 }, after: { udp: 10 } },
      { number: 2, result: 'done', before: { weight: 3 }, after: { weight: 5 } },
    ]);
    expect(oldest?.operations).toHaveLength(5);
    expect((await documentOf('history')).runs[0]).not.toHaveProperty('operations');
  });

  it('has what an edit changed of a service that the same run adds', async () => {
    await apply(shop(3));
    await apply(shop(3, DNS));
    const { stdout } = await run('history --operations');
    const edits = stdout.split('\n').filter((line) => line.includes('edit-service'));
    expect(edits).toEqual([
      '      edit-service udp://192.0.2.53:53  scheduler none -> wlc',
      '      edit-service tcp://192.0.2.10:443  scheduler wlc -> none',
      '      edit-service tcp://192.0.2.10:443  back to its settings from before',
    ]);
  });

  it('has as many runs as --last says, and says that there are older ones', async () => {
    for (let weight = 1; weight <= 25; weight++) await apply(shop(weight));
    expect((await documentOf('history')).runs).toHaveLength(20);
    const last = await run('history --last 2');
    expect(last.stdout.split('\n')).toHaveLength(5);
    expect(last.stderr).toBe('There are older runs: see them with --last N or --since TIME.\n');
    expect((await run('history --last 2 -q')).stderr).toBe('');
    expect(await documentOf('history --last 25')).toMatchObject({ rest: 'none' });
    expect((await documentOf('history --since 24m')).runs).toHaveLength(25);
  });

  it.each([
    ['2m', 2],
    ['12:02', 2],
    ['12:02:01', 1],
    ['2026-05-04', 3],
    ['2026-05-04T12:03', 1],
    ['2026-05-04T14:02:00+02:00', 2],
    ['13:00', 3],
    ['2027-01-01', 0],
  ])('has the runs since %s', async (since, count) => {
    for (const weight of [1, 2, 3]) await apply(shop(weight));
    state.clock.pass(1);
    expect((await documentOf(`history --since ${since}`)).runs).toHaveLength(count);
  });

  it.each([
    ['--since yesterday', 'Expected a time such as 2h'],
    ['--since 2026-13-45', 'Expected a time such as 2h'],
    ['--since 25:00', 'Expected a time such as 2h'],
    ['--last 0', 'Expected a number from 1 on'],
    ['--last -3', 'Expected a number from 1 on'],
    ['list', 'Allowed choices are show.'],
    ['show', '`history show` needs the id of a run'],
    ['show m --last 3', '`history show` shows one run'],
  ])('refuses %s', async (words, message) => {
    const { status, stdout, stderr } = await run(`history ${words}`);
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toContain(message);
  });

  it.each([
    ['shop', ['apply', 'apply']],
    ['d*s', ['apply']],
    ['tcp://192.0.2.10:443', ['ipvsadm', 'apply', 'apply']],
    ['udp://*', ['ipvsadm', 'apply']],
    ['fwmark:7', ['ipvsadm', 'ipvsadm']],
    ['sho', []],
  ])('has the runs that changed the service %s', async (service, verbs) => {
    await apply(shop(3));
    await apply(shop(5, DNS));
    await run('ipvsadm -A -f 7 -s rr');
    await run('ipvsadm -C');
    const { runs } = await documentOf(`history --service ${service}`);
    expect(runs.map(({ verb }) => verb)).toEqual(verbs);
  });
});

describe('history with a journal that is not whole', () => {
  it('leaves out half a line at the end', async () => {
    await apply(shop(3));
    appendFileSync(journal(), '{"run":"r2","time":"2026-05-04T12:0');
    const { status, stderr } = await run('history');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect((await documentOf('history')).runs).toHaveLength(1);
  });

  it('names a damaged line in the middle, and shows the rest', async () => {
    await apply(shop(3));
    const lines = readFileSync(journal(), 'utf8').trimEnd().split('\n').length;
    appendFileSync(journal(), '{"run":"r2","ti\n');
    await apply(shop(5));
    const { status, stderr } = await run('history');
    const problem = `journal.jsonl, line ${lines + 1} is damaged, or of a later version, and is left out`;
    expect({ status, stderr }).toEqual({ status: 0, stderr: `ipvstate: ${problem}\n` });
    const document = await documentOf('history');
    expect(document.problems).toEqual([problem]);
    expect(document.runs).toHaveLength(2);
  });

  it('shows a run that has no end yet, or was cut off', async () => {
    await apply(shop(3));
    const whole = readFileSync(journal(), 'utf8');
    writeFileSync(journal(), whole.replace(/\{[^\n]*"type":"(?:outcomes|end)"[^\n]*\n/g, ''));
    expect((await documentOf('history')).runs).toMatchObject([
      { outcome: 'unfinished', ended: null, exit_code: null, done: 0, unknown: 5 },
    ]);
    expect((await run('history')).stdout).toContain('apply: unfinished, 0 of 5 operations\n');
    await apply(shop(5));
    expect((await documentOf('history')).runs[1]).toMatchObject({ outcome: 'cut-off' });
  });

  it('says that older runs were removed', async () => {
    await apply(shop(3));
    writeFileSync(journal('journal.4.jsonl'), readFileSync(journal()));
    rmSync(journal());
    expect(await run('history')).toMatchObject({
      stderr: 'Older runs were removed: the journal keeps a fixed number of files.\n',
    });
    const cut = readFileSync(journal('journal.4.jsonl'), 'utf8').split('\n').slice(1).join('\n');
    writeFileSync(journal(), cut);
    rmSync(journal('journal.4.jsonl'));
    expect(await documentOf('history')).toMatchObject({ runs: [], rest: 'removed' });
  });

  it('fails when the journal cannot be read, and never says that there are no runs', async () => {
    mkdirSync(journal(), { recursive: true });
    const { status, stdout, stderr } = await run('history');
    expect({ status, stdout }).toEqual({ status: 74, stdout: '' });
    expect(stderr).toContain('journal.jsonl cannot be read (EISDIR)');
  });

  it('needs the permission to read it', async () => {
    await apply(shop(3));
    const { netns } = systemState({}).life;
    const all = join(state.folders.state, '..', '..');
    renameSync(state.folders.state, join(all, netns));
    for (const path of [join(all, '..'), all, join(all, netns)]) chmodSync(path, 0o755);
    chmodSync(join(all, netns, 'journal.jsonl'), process.getuid?.() === 0 ? 0o600 : 0);
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, 'history'], {
      encoding: 'utf8',
      env: { IPVSTATE_STATE_DIR: all },
      ...(process.getuid?.() === 0 && { uid: 65_534 }),
    });
    expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
    expect(stderr).toContain('journal.jsonl may not be read\n    The journal belongs to root');
  });

  it('finds the lines of a run in two files', async () => {
    await apply(shop(3));
    await apply(shop(5, DNS));
    const lines = readFileSync(journal(), 'utf8').split(/(?<=\n)/);
    const whole = await documentOf('history --operations');
    for (let at = 0; at <= lines.length; at++) {
      writeFileSync(journal('journal.1.jsonl'), lines.slice(0, at).join(''));
      writeFileSync(journal(), lines.slice(at).join(''));
      expect(await documentOf('history --operations')).toEqual(whole);
    }
  });

  it('has the names of a saved plan', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ipvstate-plan-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const plan = join(folder, 'shop.plan');
    expect(await run(`plan -f - --save ${plan}`, { stdin: shop(3) })).toMatchObject({ status: 0 });
    expect(await run(`apply ${plan} --yes`)).toMatchObject({ status: 0 });
    expect((await documentOf('history --service shop')).runs).toHaveLength(1);
  });
});

describe('history show', () => {
  it('prints who, when and why, and the plan with the values before and after', async () => {
    await apply(shop(3));
    await apply(shop(5, DNS));
    const id = await idOf(0);
    const { status, stdout } = await run(`history show ${id.slice(0, 8)}`);
    expect(status).toBe(0);
    expect(stdout.replaceAll(id, 'ID').replaceAll(`${process.pid}`, 'PID')).toBe(`apply, run ID
  outcome  applied (exit code 0), 4 operations
  begun    2026-05-04 12:02:00, ended 12:02:00
  by       alice as root, uid 0, pid PID
  command  ipvstate apply -f ipvs.yaml
  trigger  command
  file     <stdin>
    sha256 9545f34c0c2584a2f16cc59912250462112ad4df89a470aa3328f03e40e55f31

  tcp://192.0.2.10:443 "shop"
    ~ 10.1.0.12:443  weight 3 -> 5
+ udp://192.0.2.53:53 "dns"  wlc
    + 10.2.0.1:53  masq, weight 1

Plan: 1 service to add, 1 destination to add, 1 destination to edit (4 operations).
`);
  });

  it('shows who asked the daemon, and the overrides', async () => {
    await apply(shop(3));
    const override = {
      service: 'tcp://192.0.2.10:443',
      destination: '10.1.0.12:443',
      weight: 0,
      by: 'bob',
      reason: 'kernel upgrade',
      until: '2026-05-04T16:30:00.000Z',
    };
    const more = JSON.stringify({ by: 'bob', overrides: [override] }).slice(1, -1);
    writeFileSync(journal(), readFileSync(journal(), 'utf8').replace('"verb"', `${more},"verb"`));
    expect((await run('history')).stdout).toContain('\n    bob: ipvstate apply');
    const { stdout } = await run(`history show ${await idOf(0)}`);
    expect(stdout).toContain(
      '  asked by bob\n' +
        '  override weight 0 of 10.1.0.12:443 of tcp://192.0.2.10:443, by bob until 2026-05-04 16:30:00: kernel upgrade\n',
    );
    expect((await documentOf('history')).runs).toMatchObject([
      { by: 'bob', overrides: [{ ...override, owner: null }] },
    ]);
  });

  it('shows a deleted service with its settings, and in JSON the operations', async () => {
    await apply(shop(3, DNS));
    await apply(shop(3));
    const { stdout } = await run(`history show ${await idOf(0)}`);
    expect(stdout).toContain('- udp://192.0.2.53:53  wlc  with its 1 destination\n');
    expect((await documentOf(`history show ${await idOf(0)}`)).runs).toMatchObject([
      {
        operations: [{ operation: 'delete-service udp://192.0.2.53:53', result: 'done' }],
        changes: [{ action: 'delete', object: 'service', destinations: 1, after: null }],
      },
    ]);
  });

  it('shows what a run that rolled itself back wanted to do, and what was refused', async () => {
    kernel = openMisbehavingTable(tableOf({}), {
      refuse: ({ kind }) => (kind === 'set-timeouts' ? 'EINVAL' : undefined),
    });
    await apply(shop(3, 'timeouts: { udp: 10s }\n'));
    const { stdout } = await run(`history show ${await idOf(0)}`);
    expect(stdout).toContain('outcome  rolled-back (exit code 5)');
    expect(stdout).toContain('+ tcp://192.0.2.10:443 "shop"');
    expect(stdout).toContain('~ timeouts  udp 5m -> 10s');
    expect(stdout).toContain('Not done:\n      set-timeouts tcp=0 tcp_fin=0 udp=10');
    expect(stdout).toContain('refused with EINVAL');
  });

  it('shows daemons of the ipvsadm front end, and counters that were zeroed', async () => {
    kernel = openMisbehavingTable(tableOf({}, { daemons: [daemonOf('master')] }));
    await run('ipvsadm --stop-daemon master');
    await run('ipvsadm -Z');
    expect((await run(`history show ${await idOf(1)}`)).stdout).toContain('- master sync daemon\n');
    expect((await run(`history show ${await idOf(0)}`)).stdout).toContain(
      'No entry differs between before and after the run.',
    );
  });

  it('lists the operations of a run without settings', async () => {
    const rules = Array.from({ length: 1001 }, (_, mark) => `-A -f ${mark + 1} -s rr\n`).join('');
    await run('ipvsadm -R', { stdin: rules });
    const { stdout } = await run(`history show ${await idOf(0)}`);
    expect(stdout).toContain('The journal does not have all settings of this run.');
    expect(stdout).toContain('      add-service fwmark:1001\n');
    expect((await documentOf(`history show ${await idOf(0)}`)).runs).toMatchObject([
      { changes: null, done: 1001 },
    ]);
  });

  it('names the nearest run for an unknown id, and the runs for an ambiguous one', async () => {
    await apply(shop(3));
    await apply(shop(5));
    const id = await idOf(0);
    const unknown = await run(`history show ${id.slice(0, 7)}_`);
    expect(unknown).toMatchObject({ status: 64, stdout: '' });
    expect(unknown.stderr).toContain(`no run of the journal begins with ${id.slice(0, 7)}_`);
    expect(unknown.stderr).toContain(id);
    const ambiguous = await run(`history show ${id.slice(0, 3)}`);
    expect(ambiguous).toMatchObject({ status: 64, stdout: '' });
    expect(ambiguous.stderr).toMatch(new RegExp(`2 runs begin with .*: ${id}, `));
    state = temporaryState();
    expect((await run('history show x')).stderr).toContain('The journal has no runs.');
  });

  it('tells in JSON whether the table of a run still exists', async () => {
    await apply(shop(3));
    expect((await documentOf('history')).runs).toMatchObject([{ same_table: true }]);
    state = afterReboot(state);
    expect((await documentOf('history')).runs).toMatchObject([{ same_table: false }]);
  });
});
