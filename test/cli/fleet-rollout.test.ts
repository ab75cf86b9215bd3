import { describe, expect, it } from 'vitest';
import { rolloutState } from '../../src/fleet/rollout.ts';
import { FLEET_FORMATS } from '../../src/render/fleet.ts';
import { fleet as pushSpace } from './fleet-workspace.ts';
import { fleet, rollingOut } from './reported-fleet.ts';
import { SHOP } from './workspace.ts';

/** A rollout of the first generation, which is halted. */
const FIRST_ROLLOUT = rolloutState(
  { generation: 1, base: null, waves: [['lb1']], soak_seconds: 60, max_failed: 0 },
  { generation: 1, round: 0, halted: true, by: 'op@ci', reason: '', at: '2026-11-30T12:00:00Z' },
  [],
);

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

  it('that a push to all replaced is left out by a rollback, unless it had reached all', async () => {
    const { run, write, tell, address } = await rollingOut('--wave lb1 --wave all');
    const pushToAll = async (last: string) => {
      write('conf.d/shop.yaml', SHOP.replace('10.1.0.12', last));
      await run(`push -f ./conf.d --to ${address}`);
    };
    tell('lb1', 'failed');
    await pushToAll('10.1.0.98');
    const back = await run(`fleet rollback ${address}`);
    expect(back.stderr).toContain('generation 2 was never for all directors: back to 1\n');
    expect(back.stderr).toMatch(/^generation 4 .*the files of 1, in force: /m);

    write('conf.d/shop.yaml', SHOP.replace('10.1.0.12', '10.1.0.97'));
    await run(`push -f ./conf.d --to ${address} --wave lb1 --wave all`);
    tell('lb1', 'soaked', { generation: 5 });
    await pushToAll('10.1.0.96');
    const again = await run(`fleet rollback ${address}`);
    expect(again.stderr).not.toContain('never');
    expect(again.stderr).toMatch(/^generation 7 .*the files of 5, in force: /m);
  });

  it('is told by `generations`, with the generation that the other directors have', async () => {
    const { run, address, tell, etcd } = await rollingOut('--wave lb1 --wave lb2 --wave all');
    const list = async () => (await run(`generations ${address}`)).stdout;
    expect(await list()).toMatch(
      /^generation 2 .*, rolling out, wave 1 of 3\ngeneration 1 .*, in force on the others\n$/,
    );
    tell('lb1', 'soaked');
    expect(await list()).toContain(', rolling out, wave 2 of 3\n');
    tell('lb2', 'failed');
    expect(await list()).toContain(', rollout halted, wave 2 of 3\n');
    const { stdout } = await run(`generations ${address} -o json`);
    expect(JSON.parse(stdout).rollout).toEqual({ state: 'halted', wave: 2, waves: 3, base: 1 });
    tell('lb2', 'soaked');
    expect(await list()).toMatch(/^generation 2 .*, in force\ngeneration 1 [^\n]*files\n$/);
    for (const key of etcd.keys()) if (key.includes('/rollouts/')) etcd.delete(key);
    const damaged = await run(`generations ${address}`);
    expect([damaged.status, damaged.stderr]).toEqual([
      0,
      expect.stringContaining('nobody knows how far its rollout is: etcd:/prod/rollouts/'),
    ]);
  });

  it('names the commands of a halt with the address, and no rollback without a base', async () => {
    const { run, address, document } = await rollingOut('--wave lb1');
    await run(`fleet halt ${address}`);
    const goBack = 'Go back: `ipvstate fleet rollback ADDRESS`.\n';
    const { stdout } = await run(`fleet status ${address}`);
    expect(stdout).toContain(`Go on: \`ipvstate fleet resume ADDRESS\`.\n${goBack}`);
    const view = { prefix: '/prod', current: 1, nodes: [], rollout: FIRST_ROLLOUT, overrides: [] };
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
