import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HEALTHS } from '../../src/daemon/status/status.ts';
import { encodeDocument } from '../../src/fleet/document.ts';
import type { NodeReport } from '../../src/fleet/node-report.ts';
import { DAEMON_LIFE } from '../../src/fleet/nodes.ts';
import { rolloutState, type ToldProgress } from '../../src/fleet/rollout.ts';
import { systemState } from '../../src/recovery/state.ts';
import { FLEET_FORMATS } from '../../src/render/fleet.ts';
import { encodedProgress, encodedReport } from '../fleet/node-reports.ts';
import { FakeEtcd } from '../support/fake-etcd.ts';
import { fleet as pushSpace } from './fleet-workspace.ts';
import { SHOP, workspace } from './workspace.ts';

const readSchema = (name: string) =>
  JSON.parse(readFileSync(`schemas/${name}.schema.json`, 'utf8'));
const isDocument = new Ajv({
  ...{ strict: false, validateFormats: false, schemas: [readSchema('validation')] },
}).compile(readSchema('fleet'));

/** A fleet whose generation 1 has files for lb1 and lb2. */
async function fleet() {
  const etcd = await new FakeEtcd().start();
  onTestFinished(() => etcd.stop());
  const times = 'version: 1\nservices: []\ntimeouts: { tcp: 10m }\n';
  const space = workspace({
    'conf.d/shop.yaml': SHOP,
    'conf.d/nodes/lb1/times.yaml': times,
    'conf.d/nodes/lb2/times.yaml': times,
  });
  const address = `etcd://${etcd.host}/prod`;
  await space.run(`push -f ./conf.d --to ${address}`);
  const report = (name: string, members: Partial<NodeReport>, isReporting = true): void => {
    etcd.put(`/prod/reports/${name}`, encodedReport(members).toString());
    if (isReporting) etcd.put(`/prod/nodes/${name}/life`, '');
  };
  const tell = (name: string, stage: ToldProgress['stage'], members = {}): void =>
    etcd.put(`/prod/nodes/${name}/progress`, encodedProgress({ stage, ...members }).toString());
  const document = async () => {
    const { stdout } = await space.run(`fleet status ${address} -o json`);
    const parsed = JSON.parse(stdout);
    expect(isDocument(parsed), JSON.stringify(isDocument.errors)).toBe(true);
    return parsed;
  };
  return { ...space, etcd, address, report, tell, document };
}

describe('fleet status', () => {
  it('shows what each director has, and what is wrong with it', async () => {
    const { run, address, etcd, report, document } = await fleet();
    report('lb1', {});
    report('lb3', {
      ...{ health: 'invalid', healthy: false, why: ['the files are not valid'], overrides: 2 },
      generation: { read: 1, in_force: null, applied: null },
      error: { message: 'no key "x"', position: { file: 'a.yaml', line: 4, column: 7 } },
    });
    report('lb4', { held: { plan: 'abc', changes: 3 }, health: 'held', healthy: false }, false);
    report('lb5', { stopped: true }, false);
    etcd.put('/prod/reports/lb6', '{"format":"ipvstate-node-report","version":9}');
    const { status, stdout } = await run(`fleet status ${address}`);
    expect(status).toBe(0);
    expect(stdout).toBe(`lb1  in-sync, generation 1
lb2  has never reported
lb3  invalid since 2026-11-30 11:00:00Z, no generation, has read 1, 2 overrides
     the files are not valid
     a.yaml:4:7: no key "x"
lb4  away, last report of 2026-11-30 12:00:00Z: held since 2026-11-30 11:00:00Z,
       generation 1, plan abc is held back: 3 changes
lb5  stopped since 2026-11-30 12:00:00Z, before that in-sync, generation 1
lb6  away, but its report cannot be read: etcd:/prod/reports/lb6 has version 9,
       and this program knows version 1
Generation 1: 1 of 6 directors has it.
`);
    const { nodes } = await document();
    expect(nodes.map(({ state }: { state: string }) => state)).toEqual([
      ...['reporting', 'never-reported', 'reporting', 'away', 'stopped', 'away'],
    ]);
  });

  it('tells of a name that two daemons have, and never says that they have a generation', async () => {
    const { run, address, etcd, report, document } = await fleet();
    report('lb2', {});
    report('lb1', {}, false);
    for (const [id, host] of Object.entries({ a: 'director-1', b: 'director-\u001b[2J' })) {
      const life = encodeDocument(DAEMON_LIFE, { host }).toString();
      etcd.put(`/prod/nodes/lb1/life/${id}`, life);
    }
    const { stdout } = await run(`fleet status ${address}`);
    expect(stdout).toBe(`lb1  in-sync, generation 1
     2 daemons report under this name: on director-1, director-\\u001b[2J
     Give each director a --node of its own. One that crashed is gone after 15
       seconds.
lb2  in-sync, generation 1
Generation 1: 1 of 2 directors has it.
`);
    const { nodes } = await document();
    expect(nodes[0]).toMatchObject({ has_current: false, daemons: [{ host: 'director-1' }, {}] });
    expect(nodes[1]).toMatchObject({ has_current: true, daemons: [{ host: null }] });
  });

  it('makes texts of a hostile report printable', async () => {
    const { run, address, report } = await fleet();
    report('lb1', { health: '\u001b[2J', healthy: false, why: ['\u202efdp'] });
    const { stdout } = await run(`fleet status ${address}`);
    expect(stdout).toContain('\\u001b[2J');
    expect(stdout).toContain('\\u202efdp');
  });

  it('cuts a health that has not the form of one: no text passes for a fact', async () => {
    const { run, address, report } = await fleet();
    report('lb1', { health: `in-sync, generation 99, ${'x'.repeat(900)}` });
    report('lb2', { health: 'of-a-later-version', held: { plan: 'y'.repeat(900), changes: 3 } });
    const { stdout } = await run(`fleet status ${address}`);
    expect(stdout).toBe(`lb1  unknown ("in-sync, generation…"), generation 1
lb2  of-a-later-version, generation 1, plan ${'y'.repeat(19)}… is held back: 3
       changes
Generation 1: 2 of 2 directors have it.
`);
  });

  it('shows every health that this version has as it is', async () => {
    const { run, address, report } = await fleet();
    for (const [index, health] of HEALTHS.entries()) report(`n${index}`, { health });
    const { stdout } = await run(`fleet status ${address}`);
    for (const health of HEALTHS) expect(stdout).toContain(`  ${health}, generation 1\n`);
  });

  it('has no line of more than 80 columns, unless a word is longer', async () => {
    const { run, address, report, tell } = await rollingOut('--wave lb1,lb2');
    const long = 'the kernel has refused this object again '.repeat(20).trim();
    report('lb1', { health: 'refused', healthy: false, why: [long] });
    report('lb3', { error: { message: long, position: null }, healthy: false });
    tell('lb2', 'taken', { halt: long.slice(0, 400) });
    const { stdout } = await run(`fleet status ${address}`);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout.replace(/\s+/g, ' ')).toContain(`Halted: ${long.slice(0, 400).trim()}`);
  });

  it('waits until every director has a generation', async () => {
    const { run, address, report, folder } = await fleet();
    report('lb1', {});
    report('lb2', { healthy: false });
    const state = systemState({ IPVSTATE_RUNTIME_DIR: folder, IPVSTATE_STATE_DIR: folder });
    let seconds = 0;
    const clock = {
      ...state.clock,
      monotonicSeconds: () => seconds,
      sleep: async () => {
        seconds++;
        if (seconds === 3) report('lb2', {});
      },
    };
    const wait = (line: string) =>
      run(`fleet status ${address} ${line}`, { state: { ...state, clock } });
    expect((await wait('--wait 1')).status).toBe(0);
    expect(seconds).toBe(3);
    const late = await wait('--wait 2 --timeout 10s');
    expect([late.status, seconds]).toEqual([8, 13]);
    expect(late.stdout).toContain('Generation 1: 2 of 2 directors have it.');
  });

  it('waits for directors that are not known yet, when it is told how many there are', async () => {
    const { run, address, report, folder } = await fleet();
    report('lb1', {});
    report('lb2', {});
    const state = systemState({ IPVSTATE_RUNTIME_DIR: folder, IPVSTATE_STATE_DIR: folder });
    let seconds = 0;
    const clock = {
      ...state.clock,
      monotonicSeconds: () => seconds,
      sleep: async () => {
        seconds++;
        if (seconds === 12) report('lb3', {});
      },
    };
    const wait = (line: string) =>
      run(`fleet status ${address} ${line}`, { state: { ...state, clock } });
    expect((await wait('--wait 1 --directors 2')).status).toBe(0);
    expect((await wait('--wait 1 --directors 3 --timeout 10s')).status).toBe(8);
    expect((await wait('--wait 1 --directors 3')).status).toBe(0);
    expect(seconds).toBe(12);
  });

  it('goes on waiting while etcd is away, and says so when the time is up', async () => {
    const { run, address, etcd, report, folder } = await fleet();
    report('lb1', {});
    report('lb2', {});
    const state = systemState({ IPVSTATE_RUNTIME_DIR: folder, IPVSTATE_STATE_DIR: folder });
    let seconds = 0;
    let isBack = true;
    const clock = {
      ...state.clock,
      monotonicSeconds: () => seconds,
      sleep: async () => {
        seconds++;
        if (isBack && seconds === 2) etcd.refusal = undefined;
      },
    };
    const refusal = { status: 503, code: 14, message: 'no leader' };
    etcd.refusal = refusal;
    const line = `fleet status ${address} --wait 1 --timeout 5s`;
    expect((await run(line, { state: { ...state, clock } })).status).toBe(0);
    isBack = false;
    etcd.refusal = refusal;
    const { status, stderr } = await run(line, { state: { ...state, clock } });
    expect([status, stderr]).toEqual([66, expect.stringContaining('no leader')]);
  });
});

/** A rollout of the first generation, which is halted. */
const FIRST_ROLLOUT = rolloutState(
  { generation: 1, base: null, waves: [['lb1']], soak_seconds: 60, max_failed: 0 },
  { generation: 1, round: 0, halted: true, by: 'op@ci', reason: '', at: '2026-11-30T12:00:00Z' },
  [],
);

/** A fleet of three directors, to which generation 2 is pushed in waves. */
async function rollingOut(options: string) {
  const space = await fleet();
  for (const name of ['lb1', 'lb2', 'lb3']) space.report(name, {});
  space.write('conf.d/shop.yaml', SHOP.replace('10.1.0.12', '10.1.0.99'));
  const pushed = await space.run(`push -f ./conf.d --to ${space.address} ${options}`.trim());
  return { ...space, pushed };
}

describe('a rollout', () => {
  it('has waves, and says how far each is', async () => {
    const { run, address, tell, document } = await rollingOut('--wave lb2 --wave 1 --soak 5m');
    tell('lb2', 'soaked');
    tell('lb1', 'taken');
    const { status, stdout } = await run(`fleet status ${address}`);
    expect(status).toBe(0);
    expect(
      stdout,
    ).toContain(`Rollout of generation 2: in sync for 5m each, at most 0 directors may fail
  wave 1: lb2: 1 of 1 done
  wave 2: lb1: 0 of 1 done
  wave 3: lb3: not yet
Generation 2: 0 of 3 directors have it.
`);
    expect((await document()).rollout).toMatchObject({
      ...{ generation: 2, state: 'running', halt: null, base: 1, soak_seconds: 300, round: 0 },
      waves: [
        { nodes: ['lb2'], open: true, soaked: ['lb2'], failed: [], missing: [] },
        { nodes: ['lb1'], open: true, soaked: [] },
        { nodes: ['lb3'], open: false },
      ],
    });
  });

  it('is named by the push that begins it, which does not say that it is in force', async () => {
    const { run, address, pushed } = await rollingOut('--wave lb2 --wave all');
    expect(pushed.status).toBe(0);
    expect(pushed.stdout).toMatch(/^generation 2 .*, 3 files, rolled out in waves\n$/);
    expect(pushed.stderr).toContain(
      'ipvstate: the rollout of generation 2 begins: for lb2 first\n' +
        `ipvstate: how far it is: ipvstate fleet status ${address}\n`,
    );
    const push = `push -f ./conf.d --to ${address} --wave lb1`;
    const again = await run(push);
    expect(again.stderr).toContain('nothing is pushed, and no rollout begins\n');
    expect(again.stderr).not.toContain('fleet status');
    expect(again.stdout).toBe(pushed.stdout);
    expect((await run(`${push} --dry-run`)).stdout).toContain(
      'nothing would be pushed, and no rollout would begin.\n',
    );
  });

  it('begins with the directors that report when none is known', async () => {
    const space = await pushSpace({ 'shop.yaml': SHOP });
    const line = `push -f ./shop.yaml --to ${space.address} --wave all`;
    expect((await space.run(line)).stderr).toContain('directors that report, as none is known\n');
  });

  it('that is halted makes --wait exit 6, until it is resumed', async () => {
    const { run, address, tell, document } = await rollingOut('--wave lb1');
    tell('lb1', 'failed');
    const halted = await run(`fleet status ${address} --wait 2`);
    expect([halted.status, halted.stdout]).toEqual([
      6,
      expect.stringContaining('Halted: lb1 failed\n'),
    ]);
    expect((await document()).rollout).toMatchObject({ state: 'halted', halt: 'lb1 failed' });
    expect((await run(`fleet resume ${address}`)).status).toBe(0);
    expect((await document()).rollout).toMatchObject({ state: 'running', round: 1 });
    tell('lb1', 'failed', { round: 1 });
    expect((await document()).rollout).toMatchObject({ state: 'halted' });
  });

  it('that is not halted is not resumed: no failure is forgotten by mistake', async () => {
    const { run, address, tell, document } = await rollingOut('--wave lb1 --max-failed 1');
    tell('lb1', 'failed');
    expect(await run(`fleet resume ${address}`)).toMatchObject({
      ...{ status: 64, stderr: expect.stringContaining('generation 2 is not halted') },
    });
    expect((await document()).rollout).toMatchObject({ state: 'running', round: 0 });
    await run(`fleet halt ${address}`);
    expect((await run(`fleet resume ${address}`)).status).toBe(0);
    expect((await document()).rollout).toMatchObject({ state: 'running', round: 1 });
  });

  it('is halted by hand, with who and why', async () => {
    const { run, address } = await rollingOut('--wave lb1');
    const { status, stdout } = await run([
      ...['fleet', 'halt', address, '--reason', 'too many errors'],
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Halted: by \S+@\S+: too many errors$/m);
  });

  it('that is halted by hand keeps the first reason, and says that it is halted already', async () => {
    const { run, address, document } = await rollingOut('--wave lb1');
    const first = await run(['fleet', 'halt', address, '--reason', 'too many errors']);
    expect(first.stderr).toBe(
      'ipvstate: the rollout of generation 2 is halted: directors that have it keep it\n',
    );
    const second = await run(['fleet', 'halt', address, '--reason', 'lunch']);
    expect([second.status, second.stderr]).toEqual([
      0,
      expect.stringMatching(/generation 2 was halted already, by \S+: too many errors\n$/),
    ]);
    expect((await document()).rollout.halt).toMatch(/: too many errors$/);
    const { stderr } = await run(`fleet resume ${address}`);
    expect(stderr).toContain('generation 2 goes on; failures from before do not count\n');
  });

  it('that a failure halted keeps this reason when it is halted by hand, too', async () => {
    const { run, address, tell, document } = await rollingOut('--wave lb1');
    tell('lb1', 'failed');
    await run(['fleet', 'halt', address, '--reason', 'we look at it']);
    expect((await document()).rollout.halt).toMatch(/^by \S+: lb1 failed; we look at it$/);
  });

  it('that is done withholds nothing any more when it is halted', async () => {
    const { run, address, tell } = await rollingOut('--wave all');
    for (const name of ['lb1', 'lb2', 'lb3']) tell(name, 'soaked');
    const { stderr } = await run(`fleet halt ${address}`);
    expect(stderr).toContain('but it was done: all directors have it, and nothing is withheld\n');
  });

  it('is rolled back to the last generation that all were allowed to have', async () => {
    const { run, write, address, document } = await rollingOut('--wave lb1');
    write('conf.d/shop.yaml', SHOP.replace('10.1.0.12', '10.1.0.98'));
    await run(`push -f ./conf.d --to ${address} --wave lb2`);
    expect((await document()).rollout).toMatchObject({ generation: 3, base: 1 });
    expect((await run(`fleet rollback ${address}`)).status).toBe(0);
    expect(await document()).toMatchObject({ current: 4, rollout: null });
    const { stdout } = await run(`generations ${address}`);
    expect(stdout).toContain('the files of 1, in force: rollback of generation 3');
  });

  it('is rolled back once: a second rollback does not deploy the bad generation again', async () => {
    const { run, address, document } = await rollingOut('');
    const first = await run(`fleet rollback ${address}`);
    expect(first).toMatchObject({
      ...{ status: 0, stderr: expect.stringMatching(/^generation 3 .*the files of 1, in force: /) },
    });
    const second = await run(`fleet rollback ${address}`);
    expect(second).toMatchObject({
      status: 3,
      stderr: expect.stringContaining(
        'generation 3 is in force, with the files of 1 in place of those of 2: ' +
          'nothing is rolled back',
      ),
    });
    expect(second.stderr).toContain('ipvstate push --generation N');
    expect((await document()).current).toBe(3);
  });

  it('names the commands of a halt with the address, and no rollback without a base', async () => {
    const { run, address, document } = await rollingOut('--wave lb1');
    await run(`fleet halt ${address}`);
    const goBack = 'Go back: `ipvstate fleet rollback ADDRESS`.\n';
    const { stdout } = await run(`fleet status ${address}`);
    expect(stdout).toContain(`Go on: \`ipvstate fleet resume ADDRESS\`.\n${goBack}`);
    const view = { prefix: '/prod', current: 1, nodes: [], rollout: FIRST_ROLLOUT };
    const first = FLEET_FORMATS.text(view);
    expect(first).toContain('Go on: `ipvstate fleet resume ADDRESS`.\n');
    expect(first).not.toContain(goBack);
    expect((await document()).rollout.base).toBe(1);
  });

  it('is rolled back to the rollout before it, whose last wave had begun', async () => {
    const { run, write, tell, address, document } = await rollingOut('--wave lb1 --wave all');
    const pushNext = async (wave: string, last: string) => {
      write('conf.d/shop.yaml', SHOP.replace('10.1.0.12', last));
      await run(`push -f ./conf.d --to ${address} ${wave}`);
    };
    tell('lb1', 'soaked');
    await pushNext('--wave lb1', '10.1.0.98');
    expect((await document()).rollout).toMatchObject({ generation: 3, base: 2 });
    // A rollout that is halted in its last wave was not good for all.
    tell('lb1', 'soaked', { generation: 3 });
    tell('lb2', 'failed', { generation: 3 });
    await pushNext('--wave lb2', '10.1.0.97');
    expect((await document()).rollout).toMatchObject({ generation: 4, base: 2 });
  });

  it.each([
    ['--wave lb9', 'no director is called lb9'],
    ['--wave 0%', '--wave takes names'],
    ['--soak 5m', '--soak and --max-failed belong to --wave'],
    ['--wave all --max-failed -1', 'Expected a number'],
  ])('of `push %s` is refused: %s', async (options, message) => {
    const { pushed, document } = await rollingOut(options);
    expect([pushed.status, pushed.stderr]).toEqual([64, expect.stringContaining(message)]);
    expect((await document()).current).toBe(1);
  });

  it('does not count a name that only a report has: no director waits for it', async () => {
    const { run, address, etcd, tell, document } = await rollingOut('--wave lb1 --wave all');
    etcd.put('/prod/reports/hostile', 'no document');
    for (const name of ['lb1', 'lb2', 'lb3']) tell(name, 'soaked');
    expect((await document()).rollout).toMatchObject({ state: 'done', waves: [{}, {}, {}] });
    const { stdout } = await run(`fleet status ${address}`);
    expect(stdout).toContain('hostile  away, but its report cannot be read');
    expect(stdout).not.toContain('wave 3');
  });

  it('is needed to halt, to resume and to name waves', async () => {
    const { run, address } = await fleet();
    for (const action of ['halt', 'resume'])
      expect(await run(`fleet ${action} ${address}`)).toMatchObject({
        ...{ status: 66, stderr: expect.stringContaining('was pushed without a rollout') },
      });
    expect(await run(`fleet rollback ${address}`)).toMatchObject({
      ...{ status: 66, stderr: expect.stringContaining('no generation was in force before 1') },
    });
    expect(await run(`push --generation 1 --to ${address} --wave all`)).toMatchObject({
      ...{ status: 64, stderr: expect.stringContaining('it takes no --wave') },
    });
    expect((await run(`fleet halt ${address} lb1`)).status).toBe(64);
  });
});

describe('fleet forget', () => {
  it('removes a director that does not report', async () => {
    const { run, address, report, document } = await fleet();
    report('lb7', {}, false);
    report('lb70', {}, false);
    expect((await run(`fleet forget ${address} lb7`)).status).toBe(0);
    const names = (await document()).nodes.map(({ node }: { node: string }) => node);
    expect(names).toEqual(['lb1', 'lb2', 'lb70']);
  });

  it('takes a director out of what a rollout waits for, until it reports again', async () => {
    const { run, address, etcd, report, tell, document } =
      await rollingOut('--wave lb3 --wave all');
    etcd.delete('/prod/nodes/lb3/life');
    for (const name of ['lb1', 'lb2']) tell(name, 'soaked');
    expect((await document()).rollout).toMatchObject({
      ...{ state: 'running', forgotten: [], waves: [{ missing: ['lb3'] }, { open: false }, {}] },
    });
    const { status, stdout } = await run(`fleet forget ${address} lb3`);
    expect(status).toBe(0);
    expect(stdout).toContain(`Rollout of generation 2, done: in sync for 1m each, \
at most 0 directors may fail
  wave 2: lb1, lb2: 2 of 2 done
  forgotten, and not counted: lb3
`);
    expect((await document()).rollout).toMatchObject({
      ...{ state: 'done', forgotten: ['lb3'], waves: [{ nodes: [] }, { open: true }, {}] },
    });
    report('lb3', {});
    expect((await document()).rollout).toMatchObject({
      ...{ state: 'running', forgotten: [], waves: [{ nodes: ['lb3'] }, { open: false }, {}] },
    });
  });

  it('takes out one director after the other, and keeps them out in the next round', async () => {
    const { run, address, etcd, document } = await rollingOut('--wave lb1,lb3 --wave lb2');
    for (const name of ['lb1', 'lb3']) etcd.delete(`/prod/nodes/${name}/life`);
    await run(`fleet forget ${address} lb1`);
    await run(['fleet', 'halt', address, '--reason', 'too hot']);
    await run(`fleet forget ${address} lb3`);
    const { rollout } = await document();
    expect(rollout).toMatchObject({ state: 'halted', halt: expect.stringMatching(/too hot$/) });
    await run(`fleet resume ${address}`);
    expect((await document()).rollout).toMatchObject({
      ...{ state: 'running', round: 1, forgotten: ['lb1', 'lb3'] },
      waves: [{ nodes: [], missing: [] }, { nodes: ['lb2'], open: true }, {}],
    });
  });

  it.each([
    ['that a wave names', '--wave lb3', ['lb3']],
    ['of the last wave', '--wave lb1', []],
  ])('leaves a rollout halted that a director %s has halted', async (_, options, forgotten) => {
    const { run, address, etcd, tell, document } = await rollingOut(options);
    tell('lb3', 'failed');
    etcd.delete('/prod/nodes/lb3/life');
    expect((await document()).rollout).toMatchObject({ state: 'halted', halt: 'lb3 failed' });
    expect((await run(`fleet forget ${address} lb3`)).status).toBe(0);
    expect((await document()).rollout).toMatchObject({
      ...{
        state: 'halted',
        round: 0,
        forgotten,
        halt: expect.stringMatching(/^by .*: lb3 failed$/),
      },
    });
  });

  it('refuses a director that only a folder of the files makes a member', async () => {
    const { run, address, report } = await fleet();
    const folder = 'the files of generation 1 have a folder nodes/lb2';
    report('lb2', {}, false);
    expect(await run(`fleet forget ${address} lb2`)).toMatchObject({
      ...{ status: 0, stderr: `ipvstate: lb2 stays in the list: ${folder}\n` },
    });
    const { status, stderr } = await run(`fleet forget ${address} lb2`);
    expect([status, stderr]).toEqual([
      66,
      expect.stringContaining(`nothing of lb2 is to be forgotten: ${folder}`),
    ]);
  });

  it('takes a director that never reported out of a rollout, and refuses to do so twice', async () => {
    const { run, address, etcd, document } = await rollingOut('--wave lb2 --wave all');
    for (const key of etcd.keys()) if (key.includes('lb2')) etcd.delete(key);
    expect((await run(`fleet forget ${address} lb2`)).status).toBe(0);
    expect((await document()).rollout.forgotten).toEqual(['lb2']);
    expect((await run(`fleet forget ${address} lb2`)).status).toBe(66);
  });

  it('changes nothing when another operator is quicker', async () => {
    const { run, address, etcd, document } = await rollingOut('--wave lb3');
    etcd.delete('/prod/nodes/lb3/life');
    const mark = '{"format":"x"}';
    etcd.onTransaction = () => {
      etcd.onTransaction = () => {
        etcd.onTransaction = () => etcd.put('/prod/rollout-mark', mark);
      };
    };
    const { status, stderr } = await run(`fleet forget ${address} lb3`);
    expect([status, stderr]).toEqual([4, expect.stringContaining('another operator')]);
    etcd.onTransaction = undefined;
    etcd.delete('/prod/rollout-mark');
    expect((await document()).rollout.waves[0]).toMatchObject({ missing: ['lb3'] });
  });

  it.each([
    ['forget', 'needs the name of a director', 64],
    ['forget', 'needs the name of a director', 64, 'a/b'],
    ['forget', 'lb1 reports: its daemon runs', 64, 'lb1'],
    ['forget', 'no director lb9 is known', 66, 'lb9'],
    ['forget', 'takes no --wait', 64, 'lb9 --wait 1'],
    ['forget', 'takes no --directors', 64, 'lb9 --directors 1'],
    ['halt', 'takes no --directors', 64, '--directors 1'],
    ['status', 'takes --directors only with --wait', 64, '--directors 1'],
    ['status', 'Expected a number', 64, '--wait 1 --directors 0'],
    ['status', 'takes no node', 64, 'lb1'],
    ['status', 'takes --timeout only with --wait', 64, '--timeout 5s'],
    ['halt', 'takes no --timeout', 64, '--timeout 5s'],
    ['status', 'takes no --reason', 64, '--reason x'],
    ['forget', 'takes no --reason', 64, 'lb2 --reason x'],
    ['status', 'Expected a number', 64, '--wait x'],
  ])('fleet %s: %s (exit %i)', async (action, message, exit, rest = '') => {
    const { run, address, report } = await fleet();
    report('lb1', {});
    const { status, stderr } = await run(`fleet ${action} ${address} ${rest}`.trim());
    expect([status, stderr]).toEqual([exit, expect.stringContaining(message)]);
  });
});
