import { describe, expect, it } from 'vitest';
import { HEALTHS } from '../../src/daemon/status/status.ts';
import { encodeDocument } from '../../src/fleet/document.ts';
import { DAEMON_LIFE } from '../../src/fleet/nodes.ts';
import { countingState, fleet, rollingOut } from './reported-fleet.ts';

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
    const { state, seconds } = countingState(folder, (now) => {
      if (now === 3) report('lb2', {});
    });
    const wait = (line: string) => run(`fleet status ${address} ${line}`, { state });
    expect((await wait('--wait 1')).status).toBe(0);
    expect(seconds()).toBe(3);
    const late = await wait('--wait 2 --timeout 10s');
    expect([late.status, seconds()]).toEqual([8, 13]);
    expect(late.stdout).toContain('Generation 1: 2 of 2 directors have it.');
  });

  it('waits for directors that are not known yet, when it is told how many there are', async () => {
    const { run, address, report, folder } = await fleet();
    report('lb1', {});
    report('lb2', {});
    const { state, seconds } = countingState(folder, (now) => {
      if (now === 12) report('lb3', {});
    });
    const wait = (line: string) => run(`fleet status ${address} ${line}`, { state });
    expect((await wait('--wait 1 --directors 2')).status).toBe(0);
    expect((await wait('--wait 1 --directors 3 --timeout 10s')).status).toBe(8);
    expect((await wait('--wait 1 --directors 3')).status).toBe(0);
    expect(seconds()).toBe(12);
  });

  it('goes on waiting while etcd is away, and says so when the time is up', async () => {
    const { run, address, etcd, report, folder } = await fleet();
    report('lb1', {});
    report('lb2', {});
    let isBack = true;
    const { state } = countingState(folder, (now) => {
      if (isBack && now === 2) etcd.refusal = undefined;
    });
    const refusal = { status: 503, code: 14, message: 'no leader' };
    etcd.refusal = refusal;
    const line = `fleet status ${address} --wait 1 --timeout 5s`;
    expect((await run(line, { state })).status).toBe(0);
    isBack = false;
    etcd.refusal = refusal;
    const { status, stderr } = await run(line, { state });
    expect([status, stderr]).toEqual([66, expect.stringContaining('no leader')]);
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
