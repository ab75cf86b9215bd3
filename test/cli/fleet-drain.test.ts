import { describe, expect, it } from 'vitest';
import type { ReportedOverride } from '../../src/fleet/fleet-override.ts';
import { countingState, fleet, rollingOut } from './reported-fleet.ts';
import { SHOP } from './workspace.ts';

const KEYS = '/prod/overrides/';
const UTC = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ';

/** A fleet, and what its directors say about the drains that etcd has. */
async function draining() {
  const space = await fleet();
  const drain = (...rest: readonly string[]) =>
    space.run(['fleet', 'drain', space.address, ...rest]);
  const undrain = (...rest: readonly string[]) =>
    space.run(['fleet', 'undrain', space.address, ...rest]);
  const keys = () => space.etcd.keys().filter((key) => key.startsWith(KEYS));
  const overrides = async () => (await space.document()).overrides;
  /** Makes a director report each drain. */
  const tell = (name: string, stage: ReportedOverride['stage'], why: string | null = null) =>
    space.report(name, {
      fleet_overrides: keys().map((key) => {
        const revision = space.etcd.revisionOf(key);
        return { id: key.slice(KEYS.length), revision, stage, why };
      }),
    });
  return { ...space, drain, undrain, keys, overrides, tell };
}

describe('fleet drain', () => {
  it('writes one key with a lease, with who, until when and why', async () => {
    const { drain, keys, overrides, etcd, report } = await draining();
    report('lb1', {});
    const { status, stdout } = await drain('10.1.0.11', '--for', '2h', '--reason', 'new kernel');
    expect(status).toBe(0);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      new RegExp(
        `^10\\.1\\.0\\.11 of every service: weight 0 by \\S+@\\S+ until ${UTC}: new kernel ` +
          'in effect on 0 of 2 directors ' +
          'not on lb1: its version knows no drain of the fleet not on lb2: it has never reported $',
      ),
    );
    expect(keys()).toHaveLength(1);
    const [override] = await overrides();
    expect(Date.parse(override.until) - Date.parse(override.since)).toBe(7_200_000);
    expect(override).toMatchObject({ service: null, destination: '10.1.0.11', weight: 0 });
    etcd.expireLeases();
    expect(await overrides()).toEqual([]);
  });

  it('is about one service by its name or address, and another word about it replaces the first', async () => {
    const { drain, keys, overrides, etcd } = await draining();
    await drain('10.1.0.11:443', '--service', 'shop', '--for', 'ever');
    await drain('10.1.0.11', '--service', 'tcp://192.0.2.10:443', '--reason', 'again');
    expect(keys()).toHaveLength(1);
    expect(etcd.leaseCount).toBe(1);
    await drain('10.1.0.11', '--service', 'shop');
    expect([keys().length, etcd.leaseCount]).toEqual([1, 1]);
    expect(await overrides()).toMatchObject([
      { service: 'tcp://192.0.2.10:443', destination: '10.1.0.11:443', reason: '' },
    ]);
  });

  it('knows the servers of the generation before while a rollout goes on', async () => {
    const { run, address } = await rollingOut('--wave lb1');
    for (const server of ['10.1.0.12', '10.1.0.99'])
      expect(await run(`fleet drain ${address} ${server}`)).toMatchObject({ status: 0 });
  });

  it.each([
    [['10.9.9.9'], 'no service has a destination 10.9.9.9'],
    [['10.1.0.1l'], '10.1.0.1l is no address of a destination'],
    [['10.1.0.11', '--service', 'shoop'], 'no service has the name "shoop"'],
    [['10.1.0.11', '--service', 'tcp://192.0.2.99:1'], 'there is no service tcp://192.0.2.99:1'],
    [['10.1.0.11', '--for', '0'], 'Expected a time from 1s'],
    [['10.1.0.11', '--reason', 'a\u001b[2J'], 'Expected one line'],
    [['10.1.0.11', '--reason', 'x'.repeat(201)], 'at most 200 characters'],
    [['10.1.0.11', '--wait', '3'], 'takes --wait without a generation'],
    [['10.1.0.11', '--timeout', '3s'], 'takes --timeout only with --wait'],
    [['10.1.0.11', '--directors', '3'], 'takes no --directors'],
    [[], 'needs the address of a server'],
  ])('of %j writes nothing: %s', async (words, message) => {
    const { drain, keys } = await draining();
    const { status, stderr } = await drain(...words);
    expect([status, stderr]).toEqual([64, expect.stringContaining(message)]);
    expect(keys()).toEqual([]);
  });

  it('refuses more than a report of a director has room for', async () => {
    const { drain, etcd } = await draining();
    for (let index = 0; index < 100; index++) etcd.put(`${KEYS}${index}`, 'x');
    expect(await drain('10.1.0.11')).toMatchObject({
      ...{ status: 65, stderr: expect.stringContaining('the fleet has 100 overrides already') },
    });
  });

  it('says that etcd refuses, and leaves no lease', async () => {
    const { drain, etcd } = await draining();
    const refusal = { status: 403, code: 7, message: 'etcdserver: permission denied' };
    etcd.onTransaction = ({ keys: written }) => {
      if (written.some((key) => key.startsWith(KEYS))) throw refusal;
    };
    const { status, stderr } = await drain('10.1.0.11');
    expect([status, stderr]).toEqual([66, expect.stringContaining('permission denied')]);
    expect(stderr).toContain('`ipvstate help directors`');
    expect(etcd.leaseCount).toBe(0);
  });

  it('says that it may be done when the answer of etcd is lost', async () => {
    const { drain, etcd, keys } = await draining();
    etcd.losesAnswer = ({ keys: written }) => written.some((key) => key.startsWith(KEYS));
    const { status, stderr } = await drain('10.1.0.11');
    expect([status, stderr]).toEqual([66, expect.stringContaining('it may have been done')]);
    expect(keys()).toHaveLength(1);
  });

  it('with --wait ends when every director has it, one holds it back, or the time is up', async () => {
    const { drain, tell, folder, run, address } = await draining();
    await drain('10.1.0.11', '--for', 'ever');
    let onSleep = (): void => {};
    const { state } = countingState(folder, () => onSleep());
    const line = `fleet drain ${address} 10.1.0.11 --for ever --timeout 5s --wait`;
    const wait = () => run(line, { state });
    onSleep = () => tell('lb1', 'in-effect');
    expect(await wait()).toMatchObject({ status: 8, stdout: expect.stringContaining('1 of 2') });
    onSleep = () => {
      tell('lb1', 'in-effect');
      tell('lb2', 'held', 'the plan leaves 1 served service without a usable destination');
    };
    const held = await wait();
    expect(held.status).toBe(6);
    expect(held.stdout).toContain('not on lb2: the plan leaves 1 served service');
    onSleep = () => {
      for (const name of ['lb1', 'lb2']) tell(name, 'in-effect');
    };
    expect(await wait()).toMatchObject({ status: 0, stdout: expect.stringContaining('2 of 2') });
    onSleep = () => tell('lb2', 'over');
    expect(await wait()).toMatchObject({
      ...{ status: 8, stdout: expect.stringContaining('not on lb2: its time is over there') },
    });
  });

  it('is shown with the directors that lack it, whatever the key has in it', async () => {
    const { drain, tell, run, address, etcd, report, overrides } = await draining();
    await drain('10.1.0.11', '--for', 'ever');
    tell('lb1', 'in-effect');
    for (const index of [3, 4, 5, 6, 7, 8]) report(`lb${index}`, { stopped: true }, false);
    etcd.put(`${KEYS}\u001b[2J`, 'x');
    const { stdout } = await run(`fleet status ${address}`);
    expect(stdout).toMatch(
      /Overrides of the fleet:\nAn override of the fleet, \\u001b\[2J, is not/,
    );
    expect(stdout).toContain(`  in effect on 1 of 8 directors
  not on lb2: it has never reported
  not on lb3, lb4, lb5, lb6, lb7 and 1 more: it is stopped
`);
    const [bad, good] = await overrides();
    expect(bad).toMatchObject({ problem: expect.stringContaining('is no'), destination: null });
    expect(good.nodes).toContainEqual({ node: 'lb1', stage: 'in-effect', why: null });
  });
});

describe('fleet undrain', () => {
  it('ends the drains of a server, or only those of one service', async () => {
    const { drain, undrain, overrides, etcd } = await draining();
    await drain('10.1.0.11');
    await drain('10.1.0.11', '--service', 'shop');
    const one = await undrain('10.1.0.11', '--service', 'shop');
    expect(one).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^10\.1\.0\.11 of every service: weight 0 by /),
      stderr: 'ipvstate: ended: 10.1.0.11:443 of tcp://192.0.2.10:443\n',
    });
    expect(await overrides()).toHaveLength(1);
    await drain('10.1.0.11', '--service', 'shop');
    const all = await undrain('10.1.0.11');
    expect([all.status, all.stdout, all.stderr.match(/ended: /g)?.length]).toEqual([0, '', 2]);
    expect([await overrides(), etcd.leaseCount]).toEqual([[], 0]);
  });

  it('says that there is nothing to end, and refuses a server that nobody knows', async () => {
    const { undrain } = await draining();
    expect(await undrain('10.1.0.11')).toMatchObject({
      ...{ status: 0, stderr: 'ipvstate: nothing to end: there is no such drain of the fleet\n' },
    });
    expect(await undrain('10.9.9.9')).toMatchObject({
      ...{ status: 64, stderr: expect.stringContaining('no service has a destination 10.9.9.9') },
    });
  });

  it('works while the generation in force cannot be read', async () => {
    const { drain, undrain, etcd, overrides, write, run, address } = await draining();
    await drain('10.1.0.11');
    write('conf.d/shop.yaml', SHOP.replace('10.1.0.11', '10.1.0.13'));
    await run(`push -f ./conf.d --to ${address}`);
    for (const key of etcd.keys()) if (key.includes('/chunks/')) etcd.delete(key);
    expect(await undrain('10.1.0.11')).toMatchObject({ status: 0 });
    expect(await overrides()).toEqual([]);
  });

  it('claims nothing about servers while no generation can be read that says which there are', async () => {
    const { undrain, etcd } = await draining();
    for (const key of etcd.keys()) if (key.includes('/chunks/')) etcd.delete(key);
    const nothing = { status: 0, stderr: expect.stringContaining('nothing to end: ') };
    expect(await undrain('10.9.9.9')).toMatchObject(nothing);
    expect(await undrain('10.9.9.9', '--service', 'tcp://192.0.2.10:443')).toMatchObject(nothing);
    expect(await undrain('10.1.0.1l')).toMatchObject({
      ...{ status: 64, stderr: expect.stringContaining('is no address of a destination') },
    });
    expect(await undrain('10.1.0.11', '--service', 'shop')).toMatchObject({
      ...{ status: 66, stderr: expect.stringContaining('lacks a part of shop.yaml') },
    });
    for (const key of etcd.keys()) if (!key.startsWith('/prod/reports/')) etcd.delete(key);
    const { status, stderr } = await undrain('10.9.9.9');
    expect([status, stderr]).toEqual([66, expect.stringContaining('has no generation')]);
    expect(stderr).not.toContain('There are no');
  });

  it('with --wait names the directors that still have it when the time is up', async () => {
    const { drain, undrain, tell, report } = await draining();
    await drain('10.1.0.11');
    tell('lb2', 'in-effect');
    const late = await undrain('10.1.0.11', '--timeout', '0', '--wait');
    expect(late).toMatchObject({
      ...{ status: 8, stderr: expect.stringContaining('ipvstate: not ended yet on lb2\n') },
    });
    await drain('10.1.0.11');
    report('lb2', { fleet_overrides: [] });
    expect(await undrain('10.1.0.11', '--wait')).toMatchObject({ status: 0 });
  });
});

it('no command on one machine sets an override of the fleet', async () => {
  const { run } = await draining();
  expect(await run('drain shop 10.1.0.11 --owner fleet -f ./conf.d')).toMatchObject({
    ...{ status: 64, stderr: expect.stringContaining('is for `ipvstate fleet drain`') },
  });
});
