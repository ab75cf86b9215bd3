import { describe, expect, it } from 'vitest';
import { DONE, LIVE, shop } from './workspace.ts';

const PLAN = `  tcp://192.0.2.10:443 "shop"
    + 10.1.0.12:443  masq, weight 3
    - 10.1.0.13:443

Plan: 1 destination to add, 1 destination to delete (2 operations).
`;

const APPLY = 'apply -f ./shop.yaml --table ./live.save';

describe('apply', () => {
  it('shows the plan, executes it, and reports that the table was verified', async () => {
    const { run, read } = shop();
    expect(await run(APPLY)).toEqual({
      status: 0,
      stdout: `${PLAN}Applied and verified: 2 operations.\n`,
      stderr: '',
    });
    expect(read('live.save')).toBe(DONE);
  });

  it('changes nothing when it runs a second time', async () => {
    const { run } = shop();
    await run(APPLY);
    expect(await run(`${APPLY} --detailed-exitcode`)).toEqual({
      status: 0,
      stdout: 'No changes: the live table is as desired (1 service, 2 destinations).\n',
      stderr: '',
    });
  });

  it('prints the same plan as plan does', async () => {
    const { run } = shop();
    expect(await run('plan -f ./shop.yaml --table ./live.save')).toMatchObject({ stdout: PLAN });
  });

  it('exits 2 with --detailed-exitcode when it changed the table', async () => {
    expect(await shop().run(`${APPLY} --detailed-exitcode`)).toMatchObject({
      status: 2,
      stderr: '',
    });
  });
});

describe('the confirmation of apply', () => {
  it('executes the plan after the answer yes', async () => {
    const { run, read } = shop();
    const { status, stderr } = await run(APPLY, { answer: 'Yes', isTTY: true });
    expect({ status, stderr }).toEqual({ status: 0, stderr: 'Apply these 2 operations? [y/N] ' });
    expect(read('live.save')).toBe(DONE);
  });

  it.each(['', 'n', 'no', 'yess', 'ja'])('writes nothing after the answer %j', async (answer) => {
    const { run, read } = shop();
    const { status, stdout } = await run(APPLY, { answer });
    expect({ status, stdout }).toEqual({
      status: 3,
      stdout: `${PLAN}Declined. Nothing was changed.\n`,
    });
    expect(read('live.save')).toBe(LIVE);
  });

  it('shows the plan on stderr when stdout is a file or has JSON', async () => {
    const { run } = shop();
    expect((await run(APPLY, { answer: 'n' })).stderr).toBe(
      `${PLAN}Apply these 2 operations? [y/N] `,
    );
    expect((await run(`${APPLY} -o json`, { answer: 'n', isTTY: true })).stderr).toContain(
      '10.1.0.13:443',
    );
  });

  it('asks nothing with --yes, without changes, and when a guard refuses', async () => {
    const { run, write } = shop();
    write('none.yaml', 'version: 1\nservices: []\n');
    expect(await run('apply -f ./none.yaml --table ./live.save', { answer: 'y' })).toMatchObject({
      status: 3,
      stderr: '',
    });
    expect(await run(`${APPLY} --yes`, { answer: 'n' })).toMatchObject({ status: 0, stderr: '' });
    expect(await run(APPLY, { answer: 'n' })).toMatchObject({ status: 0, stderr: '' });
  });

  it('fails with --no-input instead of asking, unless --yes is given', async () => {
    const { run, read } = shop();
    const { status, stderr } = await run(`${APPLY} --no-input`, { answer: 'y', isTTY: true });
    expect(status).toBe(3);
    expect(stderr).toContain(
      '--no-input forbids asking for confirmation; nothing was changed\n    Add --yes to execute the plan without being asked.\n',
    );
    expect(read('live.save')).toBe(LIVE);
    expect(await run(`${APPLY} --no-input --yes`, { answer: 'n' })).toMatchObject({ status: 0 });
  });

  it('asks nothing without a terminal', async () => {
    expect(await shop().run(`${APPLY} --no-input`)).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('check', () => {
  it('exits 2 when the table differs and 0 when it does not, and changes nothing', async () => {
    const { run, write, read } = shop();
    expect(await run('check -f ./shop.yaml --table ./live.save')).toEqual({
      status: 2,
      stdout: `${PLAN.split('Plan:')[0]}Not in sync: 1 destination to add, 1 destination to delete.\n`,
      stderr: '',
    });
    expect(read('live.save')).toBe(LIVE);
    write('live.save', DONE);
    expect(await run('check -f ./shop.yaml --table ./live.save')).toEqual({
      status: 0,
      stdout: 'In sync: 1 service as desired.\n',
      stderr: '',
    });
  });
});
