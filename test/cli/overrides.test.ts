import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { describe, expect, it } from 'vitest';
import { drainKey } from '../../src/model/drain.ts';
import { NO_OVERRIDES } from '../../src/model/override.ts';
import { openHealthStore } from '../../src/recovery/records/health.ts';
import { openOverrideStore } from '../../src/recovery/records/overrides.ts';
import { formatUntil } from '../../src/render/overrides.ts';
import { type Misbehaviour, openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { destinationKeyOf, keyOf, tableOf } from '../support/tables.ts';
import { temporaryState } from '../support/temporary-state.ts';
import { workspace } from './workspace.ts';

const SHOP = keyOf('tcp://192.0.2.10:443');
const DNS = keyOf('udp://192.0.2.10:443');
const MARK = keyOf('fwmark:7/ipv6');
const TABLE = tableOf({
  [SHOP]: { destinations: { '10.1.0.11:443': 1, '10.1.0.12:443': 3 } },
  [DNS]: { destinations: { '10.1.0.11:443': 1, '10.1.0.13:443': 1 } },
  [MARK]: { destinations: { '[2001:db8::1]:0': 2, '[2001:db8::2]:0': 2 } },
});
const FILE = `version: 1
services:
  - { name: shop, address: "${SHOP}", destinations: [10.1.0.11, { address: 10.1.0.12, weight: 3 }] }
  - { name: dns, address: "${DNS}", destinations: [10.1.0.11, 10.1.0.13] }
  - address: fwmark:7
    family: ipv6
    destinations:
      - { address: "2001:db8::1", weight: 2 }
      - { address: "2001:db8::2", weight: 2 }
`;

/** A kernel and its records. Without files, commands work on top of the live table. */
function scene({
  hasFiles = true,
  live = TABLE,
  text = FILE,
  misbehaviour = {} as Misbehaviour,
} = {}) {
  const kernel = openMisbehavingTable(live, misbehaviour);
  const state = temporaryState();
  const space = workspace({ 'shop.yaml': text });
  const options = { state, openKernel: async () => kernel };
  return {
    ...{ state, kernel, store: openOverrideStore(state, () => {}) },
    run: (line: string | readonly string[]) =>
      space.run(
        [
          ...(typeof line === 'string' ? line.split(' ') : line),
          ...(hasFiles ? ['-f', './shop.yaml'] : []),
        ],
        options,
      ),
    write: space.write,
    bare: (line: string) => space.run(line, options),
    list: (more = '') => space.run(`overrides${more}`, options),
    weight: (service: string, destination: string) =>
      kernel.table().services.get(keyOf(service))?.destinations.get(destinationKeyOf(destination))
        ?.weight,
  };
}

describe('drain', () => {
  it('gives a destination weight 0 for an hour, and says what it did and who ends it', async () => {
    const { run, weight, state } = scene();
    const until = formatUntil(new Date(state.clock.wall + 3_600_000), state.clock.now());
    const result = await run(['drain', 'shop', '10.1.0.12', '--reason', 'kernel upgrade']);
    expect(result).toEqual({
      status: 0,
      stdout: `  ${SHOP} "shop"
    ~ 10.1.0.12:443  weight 3 -> 0
        weight 0 by override of alice until ${until}: kernel upgrade (file: 3)

Applied and verified: 1 operation.
`,
      stderr:
        'No daemon runs: nothing moves or ends this override by itself.\n' +
        '`ipvstate overrides clear` ends it, and so does an apply after its time.\n',
    });
    expect([weight(SHOP, '10.1.0.12:443'), weight(SHOP, '10.1.0.11:443')]).toEqual([0, 1]);
  });

  it.each([
    ['its address', `drain ${SHOP} 10.1.0.12:443`],
    ['its name', 'drain shop 10.1.0.12'],
    ['several destinations', 'drain fwmark:7/ipv6 [2001:db8::1]:0'],
    ['an IPv6 address', 'drain fwmark:7/ipv6 2001:db8::1'],
  ])('finds a service and destinations by %s', async (_, line) => {
    const { run, store } = scene();
    expect((await run(line)).status).toBe(0);
    expect((await store.read()).overrides).toHaveLength(1);
  });

  it('of a whole service, and of a last server, is refused and leaves no override', async () => {
    const { run, store, weight } = scene();
    for (const line of ['drain shop', 'drain shop 10.1.0.11 10.1.0.12']) {
      const { status, stdout } = await run(line);
      expect(status).toBe(3);
      expect(stdout).toContain('If that is what you want: --allow-unserved\n');
      expect(await store.read()).toEqual(NO_OVERRIDES);
    }
    expect((await run('drain shop --allow-unserved')).status).toBe(0);
    expect(weight(SHOP, '10.1.0.11:443')).toBe(0);
    expect((await store.read()).overrides).toMatchObject([{ destination: null, weight: 0 }]);
  });

  it('takes a server out everywhere with --all-services, and undrain gives it back', async () => {
    const { run, weight } = scene();
    expect((await run('drain --all-services 10.1.0.11')).status).toBe(0);
    expect([weight(SHOP, '10.1.0.11:443'), weight(DNS, '10.1.0.11:443')]).toEqual([0, 0]);
    expect((await run('undrain --all-services 10.1.0.11')).stdout).toContain(
      'Ended: weight 0 of 10.1.0.11 of every service by alice\n',
    );
    expect([weight(SHOP, '10.1.0.11:443'), weight(DNS, '10.1.0.11:443')]).toEqual([1, 1]);
  });

  it('is kept by an apply, and a second drain of the same user replaces it', async () => {
    const { run, store, weight } = scene();
    await run('drain shop 10.1.0.12 --for 10m');
    await run('drain shop 10.1.0.12 --for ever');
    expect((await store.read()).overrides).toHaveLength(1);
    expect((await store.read()).overrides[0]?.endSeconds).toBeUndefined();
    expect((await run('apply --yes')).stdout).toContain('Overridden: 10.1.0.12:443');
    expect(weight(SHOP, '10.1.0.12:443')).toBe(0);
  });
});

describe('a command about overrides, beside files that say something else', () => {
  const other = tableOf({
    [SHOP]: {
      scheduler: 'rr',
      destinations: { '10.1.0.11:443': 1, '10.1.0.12:443': 8, '10.1.0.19:443': 2 },
    },
  });

  it('changes the named weight, and no other part of the service', async () => {
    const { run, kernel, weight } = scene({ live: other });
    expect((await run('drain shop 10.1.0.11')).status).toBe(0);
    expect(weight(SHOP, '10.1.0.11:443')).toBe(0);
    expect((await run('undrain shop 10.1.0.11')).status).toBe(0);
    expect(kernel.table()).toEqual(other);
  });

  it('puts the weight of the files back, also where another weight was live', async () => {
    const { run, weight } = scene({ live: other });
    await run('drain shop 10.1.0.12');
    await run('undrain shop 10.1.0.12');
    expect(weight(SHOP, '10.1.0.12:443')).toBe(3);
  });

  it('is stored for a destination that is not live, which is not added', async () => {
    const { run, kernel, store, weight } = scene({ live: tableOf({}) });
    const { status, stdout } = await run('drain shop 10.1.0.11');
    expect(status).toBe(0);
    expect(stdout).toContain(`Stored: 10.1.0.11:443 of ${SHOP} is not in the kernel.`);
    expect([kernel.waves, (await store.read()).overrides.length]).toEqual([[], 1]);
    await run('apply --yes');
    expect(weight(SHOP, '10.1.0.11:443')).toBe(0);
  });

  it('moves up from 0 where a ramp is for a destination that is not live', async () => {
    const live = tableOf({ [SHOP]: { destinations: { '10.1.0.12:443': 3 } } });
    const { run, state, weight } = scene({ live });
    await run('weight shop 10.1.0.11 9 --ramp 9s');
    state.clock.pass(4);
    await run('apply --yes --only shop');
    expect(weight(SHOP, '10.1.0.11:443')).toBe(4);
    await run('weight shop 10.1.0.11 0 --ramp 9s');
    state.clock.pass(9);
    await run('apply --yes --only shop');
    expect(weight(SHOP, '10.1.0.11:443')).toBe(0);
  });

  it('says that health removed a destination that is not live', async () => {
    const text = FILE.replace(
      'name: shop,',
      'name: shop, health: { tcp: {}, on_failure: remove },',
    );
    const live = tableOf({ [SHOP]: { destinations: { '10.1.0.12:443': 3 } } });
    const { run, state } = scene({ text, live });
    const unhealthy = { isHealthy: false, sinceSeconds: 0, reason: 'refused\u001b[2J' };
    await openHealthStore(state, () => {}).write(
      new Map([[drainKey(SHOP, destinationKeyOf('10.1.0.11:443')), unhealthy]]),
    );
    expect((await run('weight shop 10.1.0.11 5')).stdout).toContain(
      `Stored: 10.1.0.11:443 of ${SHOP} is not in the kernel.\n` +
        '    Health removed it, because its checks fail: refused\\u001b[2J.\n' +
        '    The override takes effect when it is added.\n',
    );
  });
});

describe('undrain', () => {
  it('gives the weight of the file back', async () => {
    const { run, weight, store } = scene();
    await run('drain shop 10.1.0.12');
    const { status, stdout } = await run('undrain shop 10.1.0.12');
    expect(status).toBe(0);
    expect(stdout).toContain(`Ended: weight 0 of 10.1.0.12:443 of ${SHOP} by alice\n`);
    expect(weight(SHOP, '10.1.0.12:443')).toBe(3);
    expect(await store.read()).toEqual(NO_OVERRIDES);
  });

  it('has nothing to end where nobody drains, and names what else holds', async () => {
    const { run } = scene();
    expect(await run('undrain shop 10.1.0.12')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Nothing to end: there is no such override.\n'),
    });
    await run('drain shop 10.1.0.12 --owner checker-1');
    expect((await run('undrain shop 10.1.0.12')).stdout).toContain(
      `Still in force: weight 0 of 10.1.0.12:443 of ${SHOP} by owner checker-1\n` +
        `    To end it: \`ipvstate overrides clear ${SHOP} 10.1.0.12:443 --owner checker-1\`.\n`,
    );
    expect((await run('undrain shop 10.1.0.12 --owner checker-1')).stdout).toContain('Ended: ');
  });

  it.each([
    'drain --all-services 10.1.0.12',
    'drain shop --allow-unserved',
    'weight shop 10.1.0.12 1',
    'drain --all-services 10.1.0.12 --owner checker-1',
  ])('says how to end what is left of `%s`, and that command ends it', async (command) => {
    const { run, store, weight } = scene();
    await run(command);
    const { stdout } = await run('undrain shop 10.1.0.12');
    const [, advice] = /To end it: `ipvstate (.*)`\.\n/.exec(stdout) ?? [];
    expect(await run(advice ?? '')).toMatchObject({ status: 0 });
    expect([(await store.read()).overrides, weight(SHOP, '10.1.0.12:443')]).toEqual([[], 3]);
  });

  it('ends a drain of a destination that no file has any more', async () => {
    const { run, store } = scene();
    await run('drain shop 10.1.0.12');
    const [gone] = (await store.read()).overrides;
    if (!gone) throw new Error('no override');
    await store.write({
      overrides: [{ ...gone, service: keyOf('tcp://192.0.2.99:80'), destination: '10.9.9.9:80' }],
      held: new Map(),
    });
    expect((await run('undrain tcp://192.0.2.99:80 10.9.9.9')).stdout).toContain('Ended: ');
  });
});

describe('weight', () => {
  it('may also raise the weight of the file', async () => {
    const { run, weight } = scene();
    expect((await run('weight shop 10.1.0.12 50')).status).toBe(0);
    expect(weight(SHOP, '10.1.0.12:443')).toBe(50);
  });

  it('moves in steps with --ramp, and each run takes the steps that are due', async () => {
    const { run, weight, state } = scene();
    await run('weight shop 10.1.0.12 13 --ramp 10m');
    expect(weight(SHOP, '10.1.0.12:443')).toBe(3);
    state.clock.pass(300);
    await run('apply --yes');
    expect(weight(SHOP, '10.1.0.12:443')).toBe(8);
    state.clock.pass(300);
    await run('apply --yes');
    expect(weight(SHOP, '10.1.0.12:443')).toBe(13);
  });

  it('of an owner without a daemon is ended by the command that the note names', async () => {
    const { run, weight } = scene();
    const { stderr } = await run('weight shop 10.1.0.12 9 --owner checker-1 --for 1h');
    expect(stderr).toContain('`ipvstate overrides clear --owner checker-1` ends it, and so does');
    await run('overrides clear --owner checker-1');
    expect(weight(SHOP, '10.1.0.12:443')).toBe(3);
    const ramp = await run('weight shop 10.1.0.12 9 --owner checker-1 --ramp 10m');
    expect(ramp.stderr).toContain(' ends it, and each apply takes the steps that are due.\n');
  });

  it('of several speakers is the lowest, and `overrides` shows all', async () => {
    const { run, weight, list } = scene();
    await run('weight shop 10.1.0.12 2 --owner checker-1');
    await run('weight shop 10.1.0.12 1 --owner checker-2');
    const third = await run('weight shop 10.1.0.12 50 --reason more');
    expect(third.stdout).toContain('weight 1 by override of owner checker-2 (file: 3)');
    expect(weight(SHOP, '10.1.0.12:443')).toBe(1);
    await run('weight shop 10.1.0.12 5 --owner checker-2');
    expect(weight(SHOP, '10.1.0.12:443')).toBe(2);
    const { stdout } = await list();
    expect(stdout.match(/^10\.1\.0\.12:443 of /gm)).toHaveLength(3);
    expect(stdout).toMatch(/weight 50, by alice since \d\d:\d\d until \d\d:\d\d\n {4}more\n/);
    expect(stdout).toMatch(/weight 5, by owner checker-2 since \d\d:\d\d\n/);
  });
});

describe('a ramp to 0', () => {
  const unserved = 'leaves 1 served service without a usable destination at the end of a ramp';

  it('of the last server is refused at its beginning, and not at its end', async () => {
    const { run, store, weight } = scene();
    await run('drain shop 10.1.0.11');
    const { status, stdout } = await run('weight shop 10.1.0.12 0 --ramp 30s');
    expect([status, stdout]).toEqual([3, expect.stringContaining(unserved)]);
    expect([(await store.read()).overrides.length, weight(SHOP, '10.1.0.12:443')]).toEqual([1, 3]);
  });

  it('lets nothing take the other servers meanwhile, neither a drain nor a file', async () => {
    const { run, state } = scene();
    expect((await run('weight shop 10.1.0.12 0 --ramp 30s')).status).toBe(0);
    state.clock.pass(10);
    for (const line of ['drain shop 10.1.0.11', 'weight shop 10.1.0.11 0 --ramp 9s']) {
      expect(await run(line)).toMatchObject({
        ...{ status: 3, stdout: expect.stringContaining('without a usable destination') },
      });
    }
    expect((await run('apply --yes')).status).toBe(0);
  });

  it('that was allowed to leave a service unserved ends without another question', async () => {
    const { run, state, weight } = scene();
    await run('drain shop 10.1.0.11');
    const ramp = 'weight shop 10.1.0.12 0 --ramp 30s --allow-unserved';
    expect((await run(ramp)).status).toBe(0);
    for (const wanted of [2, 1, 0]) {
      state.clock.pass(10);
      expect((await run('apply --yes')).status).toBe(0);
      expect(weight(SHOP, '10.1.0.12:443')).toBe(wanted);
    }
  });

  it('keeps a new file from taking the last other server', async () => {
    const { run, bare, state, write, weight } = scene();
    await run('weight shop 10.1.0.12 0 --ramp 30s --for ever');
    state.clock.pass(10);
    write('next.yaml', FILE.replace('[10.1.0.11, { address: 10.1.0.12', '[{ address: 10.1.0.12'));
    const { status, stdout } = await bare('apply --yes -f ./next.yaml');
    expect([status, stdout]).toEqual([3, expect.stringContaining(unserved)]);
    expect(weight(SHOP, '10.1.0.11:443')).toBe(1);
  });
});

describe('overrides', () => {
  it('says that there are none', async () => {
    expect(await scene().list()).toEqual({
      status: 0,
      stdout: 'No overrides: every weight is that of the files.\n',
      stderr: '',
    });
  });

  it('says which one is over and not given back yet', async () => {
    const { run, list, state, weight } = scene();
    await run('drain shop 10.1.0.12');
    state.clock.pass(3600);
    expect((await list()).stdout).toContain(', over: the next run of ipvstate gives');
    expect((await run('overrides clear')).stdout).toContain('weight 0 -> 3\n');
    expect(weight(SHOP, '10.1.0.12:443')).toBe(3);
  });

  it('that cannot end, as its service would be unserved, hold back no other', async () => {
    const text = FILE.replace('[10.1.0.11, {', '[{ address: 10.1.0.11, weight: 0 }, {');
    const { run, list, state, weight, store } = scene({
      text: text.replace('weight: 3', 'weight: 0'),
    });
    await run('apply --yes --allow-unserved');
    await run('weight shop 10.1.0.12 5');
    await run('drain dns 10.1.0.11');
    state.clock.pass(3600);
    const { status, stdout } = await run('drain dns 10.1.0.13 --reason disk');
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining(`Left as it is: ${SHOP}.\n    The end of an override there would`),
    ]);
    expect([
      weight(SHOP, '10.1.0.12:443'),
      weight(DNS, '10.1.0.11:443'),
      weight(DNS, '10.1.0.13:443'),
    ]).toEqual([5, 1, 0]);
    expect((await list()).stdout).toContain('weight 5, by alice');
    const refused = await run('drain dns');
    expect([refused.status, refused.stdout]).toEqual([3, expect.not.stringContaining(SHOP)]);
    expect((await run('overrides clear shop')).status).toBe(0);
    expect((await run('apply --yes --allow-unserved')).stdout).toContain('weight 5 -> 0\n');
    expect((await store.read()).overrides.map(({ reason }) => reason)).toEqual(['disk']);
  });

  it('that move to 0 in a service with no other server hold back no other service', async () => {
    const { run, kernel, weight } = scene();
    await run('weight shop 10.1.0.12 0 --ramp 10m');
    const { service, destinations } = TABLE.services.get(SHOP) ?? {};
    const destination = destinations?.get(destinationKeyOf('10.1.0.11:443'));
    if (!service || !destination) throw new Error('no destination');
    await kernel.execute([{ kind: 'delete-destination', service: service.identity, destination }]);
    expect((await run('drain dns 10.1.0.11')).status).toBe(0);
    expect(weight(DNS, '10.1.0.11:443')).toBe(0);
    expect((await run('drain shop 10.1.0.12')).status).toBe(3);
  });

  it('clear ends those of users, of one service, or of an owner', async () => {
    const { run, store } = scene();
    await run('drain shop 10.1.0.12');
    await run('weight dns 10.1.0.13 7');
    await run('weight dns 10.1.0.13 9 --owner checker-1');
    await run('overrides clear dns');
    expect((await store.read()).overrides.map(({ by, owner }) => owner ?? by)).toEqual([
      'alice',
      'checker-1',
    ]);
    await run('overrides clear');
    expect((await store.read()).overrides.map(({ by, owner }) => owner ?? by)).toEqual([
      'checker-1',
    ]);
    await run('overrides clear --owner checker-1');
    expect(await store.read()).toEqual(NO_OVERRIDES);
  });

  it('prints documents of its schema, also those of commands', async () => {
    const ajv = new Ajv.default({ strict: false, validateFormats: false, allErrors: true });
    for (const name of ['plan', 'report', 'overrides'])
      ajv.addSchema(JSON.parse(readFileSync(`schemas/${name}.schema.json`, 'utf8')));
    const { run, list } = scene();
    const results = [
      await run('weight shop 10.1.0.12 7 --ramp 10m -o json'),
      await run('drain dns -o json'),
      await list(' -o json'),
      await run('overrides clear -o json'),
    ];
    const documents = results.map(({ stdout }) => JSON.parse(stdout));
    for (const document of documents) {
      ajv.validate('urn:ipvstate:schema:overrides:1', document);
      expect(ajv.errors ?? []).toEqual([]);
    }
    expect(documents).toMatchObject([
      { outcome: 'in-sync', exit_code: 0, set: 1, destinations: [{ weight: 3, final_weight: 7 }] },
      { outcome: 'refused', exit_code: 3, refusals: [{ guard: 'unserved' }] },
      { overrides: [{ weight: 3, final_weight: 7, ramp_seconds_left: 600, in_force: true }] },
      { outcome: 'in-sync', ended: 1, overrides: [], ends_by_itself: false },
    ]);
  });
});

it('names twenty overrides at most that a command ended, or that are still in force', async () => {
  const servers = Object.fromEntries(
    Array.from({ length: 45 }, (_, index) => [`10.1.0.${index + 1}:443`, 1]),
  );
  const { run, store } = scene({
    hasFiles: false,
    live: tableOf({ [SHOP]: { destinations: servers } }),
  });
  const word = (destination: string, owner?: string) => ({
    ...{ service: SHOP, destination, weight: 0, by: 'alice', reason: '' },
    ...{ since: '2026-05-04T12:00:00.000Z', ...(owner && { owner }) },
  });
  const overrides = Object.keys(servers)
    .slice(0, 44)
    .map((key) => word(key, 'checker-1'));
  await store.write({ overrides, held: new Map() });
  const kept = (await run(['undrain', SHOP])).stdout;
  expect(kept.match(/^Still in force: weight 0 /gm)).toHaveLength(20);
  expect(kept).toContain('Still in force: and 24 more\n');
  const ended = (await run(['undrain', SHOP, '--owner', 'checker-1'])).stdout;
  expect(ended.match(/^Ended: weight 0 /gm)).toHaveLength(20);
  expect(ended).toContain('Ended: and 24 more\n');
});

describe('without files', () => {
  it('overrides are on top of the live table, and give the weight from before back', async () => {
    const { run, weight, kernel } = scene({ hasFiles: false });
    const before = kernel.table();
    expect((await run(`drain ${SHOP} 10.1.0.12`)).stdout).toContain('(before: 3)\n');
    expect(weight(SHOP, '10.1.0.12:443')).toBe(0);
    expect((await run(`weight ${SHOP} 10.1.0.12 7`)).stdout).toContain('(before: 3)\n');
    expect((await run(`undrain ${SHOP}`)).stdout).toContain('Nothing to end');
    expect((await run('overrides clear')).status).toBe(0);
    expect(kernel.table()).toEqual(before);
  });

  it('a name says that names come from files, where there are none', async () => {
    const { run } = scene({ hasFiles: false });
    const { status, stderr } = await run('drain shop');
    expect(status).toBe(64);
    expect(stderr).toContain('no service has the name "shop": no file names a service');
    expect(stderr).toContain('Names come from the files: name the files with -f, or write an');
  });

  it('the weight from before comes back also when the run that gives it back was cut off', async () => {
    const { run, weight, store } = scene({ hasFiles: false });
    await run(`drain ${SHOP} 10.1.0.12`);
    await store.write({ ...(await store.read()), overrides: [] });
    expect((await run('overrides clear')).stdout).toContain('weight 0 -> 3\n');
    expect(weight(SHOP, '10.1.0.12:443')).toBe(3);
  });
});

describe('a saved plan', () => {
  const live = tableOf({
    ...Object.fromEntries([...TABLE.services].map(([key]) => [key, {}])),
    [SHOP]: { destinations: { '10.1.0.11:443': 1, '10.1.0.12:443': 0 } },
  });

  it('does not take back a drain that began since it was made', async () => {
    const { run, bare, weight } = scene({ live });
    expect((await run('plan --only shop --save ./p.json')).status).toBe(0);
    // The weight is 0 already: the live table stays as it is.
    await run(['drain', 'shop', '10.1.0.12', '--reason', 'new disk']);
    const { status, stderr } = await bare('apply ./p.json --yes');
    expect([status, weight(SHOP, '10.1.0.12:443')]).toEqual([4, 0]);
    expect(stderr).toMatch(
      /is stale; nothing was changed\n +10\.1\.0\.12:443 of \S+: weight 0 by override of alice until .*: new disk \(file: 3\)\n/,
    );
  });

  it('that ignores overrides does', async () => {
    const { run, bare, weight } = scene({ live });
    await run('drain shop 10.1.0.12');
    await run('plan --only shop --ignore-overrides --save ./p.json');
    expect((await bare('apply ./p.json --yes')).status).toBe(0);
    expect(weight(SHOP, '10.1.0.12:443')).toBe(3);
  });

  it('is executed with the overrides that it was made with, and not once they have ended', async () => {
    const empty = tableOf({ [SHOP]: { destinations: { '10.1.0.12:443': 3 } } });
    for (const ends of [false, true]) {
      const { run, bare, weight, state } = scene({ live: empty });
      await run('drain shop 10.1.0.11 --for 1h');
      await run('plan --only shop --save ./p.json');
      if (ends) state.clock.pass(3600);
      const { status, stderr } = await bare('apply ./p.json --yes');
      expect([status, weight(SHOP, '10.1.0.11:443')]).toEqual(ends ? [4, undefined] : [0, 0]);
      if (ends) expect(stderr).toContain('the override to weight 0 has ended\n');
    }
  });

  it('is executed while a ramp that it was made with goes on', async () => {
    const { run, bare, weight, state } = scene();
    await run('weight shop 10.1.0.12 33 --ramp 30s');
    state.clock.pass(10);
    await run('plan --only shop --save ./p.json');
    state.clock.pass(5);
    expect((await bare('apply ./p.json --yes')).status).toBe(0);
    expect(weight(SHOP, '10.1.0.12:443')).toBe(13);
    await run('apply --yes');
    expect(weight(SHOP, '10.1.0.12:443')).toBe(18);
  });
});

describe('a command about overrides is refused', () => {
  it.each([
    ['an unknown service', 'drain shpo', 'no service has the name "shpo"', 'Did you mean shop?'],
    [
      'an ambiguous one',
      'drain 192.0.2.10:443',
      '2 services have the address',
      'by its whole address',
    ],
    [
      'an unknown destination',
      'drain shop 10.1.0.19',
      'has no destination',
      'Did you mean 10.1.0.11',
    ],
    ['no address', 'drain shop web-1', 'web-1 is no address', 'such as 10.1.0.11:443'],
    ['an unknown server', 'drain --all-services 10.9.9.9', 'no service has a', 'addresses are'],
    ['no name', 'drain --all-services', '--all-services needs the address', 'Such as:'],
    ['no name', 'undrain --all-services', '--all-services needs the address', 'Such as:'],
    ['no service', 'drain', "missing required argument 'service'", '--all-services'],
    ['no server', 'undrain shop 10.1.0.99', 'has no destination', 'Did you mean'],
    ['no weight', 'weight shop 10.1.0.11', 'a destination and a weight', 'Such as:'],
    ['a bad weight', 'weight shop 10.1.0.11 -1x', '', ''],
    ['a large weight', 'weight shop 10.1.0.11 2147483648', 'is no weight', 'from 0 to'],
    [
      'a ramp everywhere',
      'weight --all-services 10.1.0.11 3 --ramp 1m',
      '--ramp is for',
      'service',
    ],
    ['a long ramp', 'weight shop 10.1.0.11 3 --ramp 2h', 'the ramp takes longer', '--for'],
    ['an expired time', 'drain shop --for 0s', "'0s' is invalid", 'or ever'],
    ['a negative time', 'drain shop --for -5m', "'-5m' is invalid", 'such as 90s'],
    ['a time of day in the past', 'drain shop --for 00:01', "'00:01' is invalid", 'such as 90s'],
    ['a longer time than any', 'drain shop --for 3651d', "'3651d' is invalid", '3650d'],
    ['no ramp', 'weight shop 10.1.0.11 3 --ramp 0', "'0' is invalid", 'from 1s'],
    ['a bad time', 'drain shop --for soon', "'soon' is invalid", ''],
    ['a bad owner', 'drain shop --owner a/../b!', 'is invalid', ''],
    ['another word', 'overrides cler', "'cler' is not known", ''],
  ])('with %s: 64, the reason and a hint', async (_, line, message, hint) => {
    const { run, store, kernel } = scene();
    const { status, stdout, stderr } = await run(line);
    expect([status, stdout]).toEqual([64, '']);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
    expect(await store.read()).toEqual(NO_OVERRIDES);
    expect(kernel.waves).toEqual([]);
  });

  it.each(['a\u001b[2J', 'x\ny', 'y'.repeat(201)])('for the reason %j', async (reason) => {
    const { run, store } = scene();
    const { status, stderr } = await run(['drain', 'shop', '10.1.0.12', '--reason', reason]);
    expect(status).toBe(64);
    expect(stderr).not.toContain('\u001b[2J');
    expect(await store.read()).toEqual(NO_OVERRIDES);
  });

  it.each([
    ['drain tcp://192.0.2.77:80', 'tcp://192.0.2.77:80'],
    ['drain tcp://192.0.2.77:80 10.1.0.11', 'tcp://192.0.2.77:80'],
    [`drain ${SHOP} 10.1.0.19`, `10.1.0.19 of ${SHOP}`],
    ['weight shop 10.1.0.19:443 5', `10.1.0.19:443 of ${SHOP}`],
  ])('by `%s`, because the object is live and no file has it', async (line, object) => {
    const destinations = { '10.1.0.11:443': 1, '10.1.0.12:443': 3, '10.1.0.19:443': 1 };
    const live = tableOf({ [SHOP]: { destinations }, 'tcp://192.0.2.77:80': {} });
    const { run, store } = scene({ live });
    expect(await run(line)).toMatchObject({
      status: 64,
      stderr: expect.stringContaining(`${object} is in the kernel, and in no file\n`),
    });
    expect(await store.read()).toEqual(NO_OVERRIDES);
  });

  it('when the record cannot be read, and changes nothing', async () => {
    const { run, list, state, kernel } = scene();
    mkdirSync(join(state.runtime, 'overrides.json'), { recursive: true });
    for (const line of ['drain shop 10.1.0.12', 'apply --yes', 'plan', 'check'])
      expect(await run(line)).toMatchObject({
        status: 74,
        stderr: expect.stringContaining('overrides.json cannot be read (EISDIR)'),
      });
    expect((await list()).status).toBe(74);
    expect(kernel.waves).toEqual([]);
  });

  it('when the record cannot be written, before the first operation', async () => {
    const { run, state, kernel } = scene();
    // The temporary file of the record cannot be made where a folder has its name.
    mkdirSync(join(state.runtime, `overrides.json.${process.pid}.tmp`, 'x'), { recursive: true });
    const { status, stderr } = await run('drain shop 10.1.0.12');
    expect(status).toBe(74);
    expect(stderr).toContain('overrides.json');
    expect(kernel.waves).toEqual([]);
  });

  it('when the kernel refuses the weight, and leaves no override', async () => {
    const refuse: Misbehaviour = {
      refuse: ({ kind }) => (kind === 'edit-destination' ? 'EINVAL' : undefined),
    };
    const { run, store } = scene({ misbehaviour: refuse });
    expect((await run('drain shop 10.1.0.12')).status).toBe(5);
    expect(await store.read()).toEqual(NO_OVERRIDES);
  });
});

it.each(['overrides', 'plan', 'check', 'explain shop'])(
  'garbage in the record is left to the daemon by %s, which only reads',
  async (verb) => {
    const { run, state } = scene();
    mkdirSync(state.runtime, { recursive: true });
    const path = join(state.runtime, 'overrides.json');
    writeFileSync(path, '{"format":"ipvstate-overrides"');
    const { stdout, stderr } = await run(verb);
    expect(stderr).toContain('overrides.json is not used: it is damaged. The overrides in it are');
    // Nobody knows which weights overrides had set.
    expect(stdout).not.toContain('every weight is that of the files');
    expect(readFileSync(path, 'utf8')).toBe('{"format":"ipvstate-overrides"');
  },
);

it('garbage in the record is set aside with a warning, and the command goes on', async () => {
  const { run, state, store } = scene();
  mkdirSync(state.runtime, { recursive: true });
  writeFileSync(join(state.runtime, 'overrides.json'), '{"format":"ipvstate-overrides"');
  const { status, stderr } = await run('drain shop 10.1.0.12');
  expect(status).toBe(0);
  expect(stderr).toContain('overrides.json.corrupt. The overrides in it are lost');
  expect((await store.read()).overrides).toHaveLength(1);
});

it('the journal names who overrides and why', async () => {
  const { run, state } = scene();
  await run(['drain', 'shop', '10.1.0.12', '--reason', 'kernel upgrade']);
  const until = new Date(state.clock.wall + 3_600_000).toISOString();
  const [begin] = readFileSync(join(state.folders.state, 'journal.jsonl'), 'utf8').split('\n');
  expect(JSON.parse(begin ?? '')).toMatchObject({
    ...{ verb: 'drain', trigger: 'override', changes: 1 },
    overrides: [
      {
        ...{ service: SHOP, destination: '10.1.0.12:443', weight: 0, by: 'alice' },
        ...{ reason: 'kernel upgrade', until },
      },
    ],
  });
});
