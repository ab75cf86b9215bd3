import { describe, expect, it } from 'vitest';
import { IpvstateError } from '../../src/errors.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { tableOf } from '../support/tables.ts';
import { DONE, SHOP, shop, workspace } from './workspace.ts';

const DIFFERENCES = `  tcp://192.0.2.10:443 "shop"
    + 10.1.0.12:443  masq, weight 3
    - 10.1.0.13:443

Differences: 1 destination to add, 1 destination to delete.
`;

/** The table of DONE in the languages of other programs. */
const SAME_TABLE = {
  'keepalived.conf': `virtual_server 192.0.2.10 443 {
  lb_algo wlc
  lb_kind NAT
  protocol TCP
  real_server 10.1.0.11 443 {
    weight 1
  }
  real_server 10.1.0.12 443 {
    weight 3
  }
}
`,
  'ldirectord.cf': `virtual=192.0.2.10:443
\treal=10.1.0.11:443 masq 1
\treal=10.1.0.12:443 masq 3
\tscheduler=wlc
\tprotocol=tcp
\tchecktype=on
`,
  'lvs.sh': `#!/bin/sh
VIP=192.0.2.10:443
ipvsadm -A -t $VIP -s wlc
for i in 1 2; do ipvsadm -a -t $VIP -r 10.1.0.1$i:443 -m -w $((2 * i - 1)); done
`,
};

const kernelOf = (weight: number) => {
  const table = openMisbehavingTable(
    tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': weight } } }),
  );
  return { openKernel: async () => table };
};

describe('diff', () => {
  it('prints what turns the first table into the second, and exits 2', async () => {
    const { run } = shop();
    expect(await run('diff ./live.save ./shop.yaml')).toEqual({
      status: 2,
      stdout: DIFFERENCES,
      stderr: '',
    });
    expect((await run('diff ./shop.yaml ./live.save')).stdout).toContain(
      '- 10.1.0.12:443\n    + 10.1.0.13:443',
    );
  });

  it.each([
    ['a file', './shop.yaml'],
    ['a folder', './conf.d'],
    ['a saved table', './done.save'],
    ['a table in JSON', './done.json'],
    ['a saved plan, whose table is the one after it', './shop.plan'],
    ['stdin', '-'],
  ])('reads %s as either side', async (_, side) => {
    const space = shop({ 'done.save': DONE, 'conf.d/shop.yaml': SHOP });
    const { stdout } = await space.run('import ./done.save -o json');
    space.write('done.json', stdout);
    await space.run('plan -f ./shop.yaml --table ./live.save --save ./shop.plan');
    const given = side === '-' ? { stdin: DONE } : {};
    const same = { status: 0, stdout: 'No differences.\n', stderr: '' };
    expect(await space.run(`diff ./shop.yaml ${side}`, given)).toEqual(same);
    expect(await space.run(`diff ${side} ./shop.yaml`, given)).toEqual(same);
    expect((await space.run(`diff ./live.save ${side}`, given)).status).toBe(2);
  });

  it('finds the same table in every format and in the kernel equal to every other', async () => {
    const space = shop({ ...SAME_TABLE, 'done.save': DONE });
    await space.run('plan -f ./shop.yaml --table ./live.save --save ./shop.plan');
    const destinations = {
      '10.1.0.11:443': { weight: 1, forward: 'masq' },
      '10.1.0.12:443': { weight: 3, forward: 'masq' },
    } as const;
    const kernel = openMisbehavingTable(tableOf({ 'tcp://192.0.2.10:443': { destinations } }));
    const sides = ['shop.yaml', 'done.save', 'shop.plan', ...Object.keys(SAME_TABLE)];
    const words = ['live', ...sides.map((side) => `./${side}`)];
    for (const a of words)
      for (const b of words) {
        const { status, stdout } = await space.run(`diff ${a} ${b}`, {
          openKernel: async () => kernel,
        });
        expect({ a, b, status, stdout }).toEqual({
          ...{ a, b, status: 0, stdout: 'No differences.\n' },
        });
      }
  });

  it('reads the live table for the word live, and a file for ./live', async () => {
    const { run } = workspace({ live: '-A -t 192.0.2.1:80 -s rr\n' });
    const kernel = kernelOf(1);
    expect(await run('diff live live', kernel)).toMatchObject({
      status: 0,
      stdout: 'No differences.\n',
    });
    expect(await run('diff ./live live', kernel)).toMatchObject({
      status: 2,
      stdout: expect.stringContaining('+ 10.0.0.1:80'),
    });
    expect(await run('diff live ./live', kernel)).toMatchObject({
      status: 2,
      stdout: expect.stringContaining('- 10.0.0.1:80'),
    });
  });

  it('compares timeouts and sync daemons only where both sides say them', async () => {
    const of = (text: string): string => `version: 1\n${text}services: []\n`;
    const { run } = workspace({
      'a.yaml': of('timeouts: { tcp: 10m }\nsync_daemons: []\n'),
      'b.yaml': of('timeouts: { tcp: 11m, udp: 5s }\n'),
      'c.yaml': of('sync_daemons: [{ role: master, interface: eth0, sync_id: 1 }]\n'),
    });
    expect((await run('diff ./a.yaml ./b.yaml')).stdout).toMatch(
      /timeouts\s+tcp 10m -> 11m\n\nDifferences: 1 setting to edit/,
    );
    expect((await run('diff ./a.yaml ./c.yaml')).stdout).toContain('+ master sync daemon');
    expect((await run('diff ./b.yaml ./c.yaml')).stdout).toBe('No differences.\n');
  });

  it('compares sysctls with the live ones, and reads these only then', async () => {
    const { run } = workspace({
      'a.yaml':
        'version: 1\nsysctls: { mode: check, values: { drop_entry: 1, conntrack: 0 } }\nservices: []\n',
      'b.yaml': 'version: 1\nservices: []\n',
    });
    const sysctls = new Map([['drop_entry', '0']]);
    const kernel = openMisbehavingTable({ ...tableOf({}), sysctls });
    const options = { openKernel: async () => kernel };
    expect((await run('diff live ./a.yaml', options)).stdout).toContain(
      'sysctl drop_entry  0 -> 1',
    );
    expect(kernel.reads.every((read) => read.sysctls)).toBe(true);
    expect((await run('diff live ./b.yaml', options)).status).toBe(0);
    expect(kernel.reads.at(-1)?.sysctls).toBe(false);
  });

  it('takes an empty file for an empty table, and says so', async () => {
    const { run } = shop({ 'empty.save': '' });
    expect(await run('diff ./empty.save ./shop.yaml')).toMatchObject({
      status: 2,
      stderr: 'ipvstate: empty.save is empty: it is taken for an empty table\n',
    });
  });

  it('exits as the kernel fails', async () => {
    const { run } = shop();
    const openKernel = () => Promise.reject(new IpvstateError('UNAVAILABLE', 'no IPVS'));
    expect(await run('diff ./shop.yaml live', { openKernel })).toMatchObject({
      status: 69,
      stdout: '',
    });
  });

  it('says which live entries are not compared', async () => {
    const { run } = workspace({ 'a.yaml': 'version: 1\nservices: []\n' });
    const { openKernel } = kernelOf(1);
    const odd = { service: 'fwmark:7', destination: undefined, reason: 'unknown flags' };
    const kernel = await openKernel();
    const openOdd = async () => ({
      ...kernel,
      read: async () => ({ ...(await kernel.read()), unmanageable: [odd] }),
    });
    expect((await run('diff ./a.yaml live', { openKernel: openOdd })).stderr).toBe(
      'ipvstate: not compared: fwmark:7 (unknown flags, which no file can express)\n',
    );
  });

  it.each(['json', 'markdown', 'ipvsadm'])('has the output %s of plan', async (format) => {
    const { run } = shop();
    const planned = await run(`plan -f ./shop.yaml --table ./live.save -o ${format}`);
    const compared = await run(`diff ./live.save ./shop.yaml -o ${format}`);
    expect(compared).toEqual({ status: 2, stdout: planned.stdout, stderr: '' });
  });

  it.each([
    { args: ['-', '-'], status: 64, says: 'stdin can be one side only' },
    { args: ['./shop.yaml'], status: 64, says: "missing required argument 'b'" },
    { args: ['./shop.yaml', './nope'], status: 66, says: 'nope does not exist' },
    { args: ['./shop.yaml', './bad.yaml'], status: 65, says: 'bad.yaml:1:' },
    { args: ['./printed.json', './shop.yaml'], status: 65, says: 'this is output of ipvstate' },
    { args: ['./cut.plan', './shop.yaml'], status: 65, says: 'cut.plan is damaged' },
    { args: ['./edited.plan', './shop.yaml'], status: 65, says: 'was edited' },
  ])('exits $status for $args', async ({ args, status, says }) => {
    const space = shop({ 'bad.yaml': 'version: 2\n' });
    await space.run('plan -f ./shop.yaml --table ./live.save --save ./shop.plan');
    const plan = space.read('shop.plan');
    space.write('cut.plan', plan.slice(0, -20));
    space.write('edited.plan', plan.replace('"weight": 3', '"weight": 4'));
    const printed = await space.run('plan -f ./shop.yaml --table ./live.save -o json');
    space.write('printed.json', printed.stdout);
    expect(await space.run(['diff', ...args])).toMatchObject({
      status,
      stdout: '',
      stderr: expect.stringContaining(says),
    });
  });
});
