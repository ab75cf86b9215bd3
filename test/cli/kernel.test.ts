import { describe, expect, it } from 'vitest';
import { formatSave } from '../../src/formats/ipvsadm/save.ts';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import type { Operation } from '../../src/model/operation.ts';
import type { Table } from '../../src/model/table.ts';
import { FakeKernel } from '../support/fake-kernel/kernel.ts';
import {
  type MisbehavingTable,
  type Misbehaviour,
  openMisbehavingTable,
} from '../support/misbehaving-ipvs.ts';
import { serviceOf, tableOf } from '../support/tables.ts';
import { DONE, LIVE, shop } from './workspace.ts';

const START: Table = tableOf({
  'tcp://192.0.2.10:443': {
    scheduler: 'wlc',
    destinations: { '10.1.0.11:443': { forward: 'masq' }, '10.1.0.13:443': { forward: 'masq' } },
  },
});

const APPLY = 'apply -f ./shop.yaml --yes';

function misbehaving(misbehaviour: Misbehaviour): {
  ipvs: MisbehavingTable;
  openKernel: () => Promise<MisbehavingTable>;
} {
  const ipvs = openMisbehavingTable(START, misbehaviour);
  return { ipvs, openKernel: async () => ipvs };
}

/** Runs apply twice with the same failure, for text and for JSON. */
async function applyTwice(misbehaviour: () => Misbehaviour, flags = '') {
  const { run } = shop();
  const first = misbehaving(misbehaviour());
  const text = await run(`${APPLY}${flags}`, first);
  const second = misbehaving(misbehaviour());
  const json = await run(`${APPLY}${flags} -o json`, second);
  expect(json.status).toBe(text.status);
  const report = JSON.parse(json.stdout);
  expect(report.exit_code).toBe(json.status);
  return { text, report, table: formatSave(second.ipvs.table()) };
}

const refuseDeletes = (): Misbehaviour => ({
  refuse: (operation) =>
    operation.kind === 'delete-destination' &&
    operation.destination.port === 443 &&
    operation.destination.address === '10.1.0.13'
      ? 'ENOMEM'
      : undefined,
});

describe('a table that another program changes during the reads', () => {
  const weigh = (weight: number): Operation => {
    const [destination] =
      START.services.get(serviceOf('tcp://192.0.2.10:443').key)?.destinations.values() ?? [];
    if (!destination) throw new Error('no destination');
    return {
      kind: 'edit-destination',
      service: serviceOf('tcp://192.0.2.10:443').identity,
      destination: { ...destination, weight },
    };
  };

  it('is exported when two reads agree', async () => {
    const kernel = misbehaving({ beforeRead: (read) => (read === 1 ? [weigh(7)] : []) });
    const { status, stdout } = await shop().run('export -o save', kernel);
    expect(status).toBe(0);
    expect(stdout).toBe(formatSave(kernel.ipvs.table()));
    expect(stdout).toContain('-w 7');
  });

  it('is not exported when it differs at each read, and export exits 4', async () => {
    const { status, stdout, stderr } = await shop().run(
      'export',
      misbehaving({ beforeRead: (read) => [weigh(read + 10)] }),
    );
    expect({ status, stdout }).toEqual({ status: 4, stdout: '' });
    expect(stderr).toContain('changed during each of 3 reads');
  });
});

describe('a kernel without IPVS, or without permission', () => {
  const verbs = ['plan -f ./shop.yaml', APPLY, 'check -f ./shop.yaml', 'export'];
  const kernel = (settings: Partial<FakeKernel>) => ({
    openKernel: () =>
      openKernel({ openSocket: Object.assign(new FakeKernel(), settings).openSocket }),
  });

  it.each(verbs)(
    'makes %s exit 69 without IPVS, and the hint names the module to load',
    async (verb) => {
      const { status, stdout, stderr } = await shop().run(verb, kernel({ loaded: false }));
      expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
      expect(stderr).toMatch(/^ipvstate: the kernel has no IPVS\n {4}.*modprobe ip_vs/);
    },
  );

  it.each(verbs)(
    'makes %s exit 77 without permission, and the message names the capability',
    async (verb) => {
      const { status, stdout, stderr } = await shop().run(verb, kernel({ permitted: false }));
      expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
      expect(stderr).toContain('CAP_NET_ADMIN');
    },
  );
});

describe('an operation that fails', () => {
  it('rolls the operations before it back, and apply exits 5', async () => {
    const { text, report, table } = await applyTwice(refuseDeletes);
    expect(text.status).toBe(5);
    expect(text.stdout).toContain(
      'failed: delete-destination tcp://192.0.2.10:443 10.1.0.13:443: refused with ENOMEM\n',
    );
    expect(text.stdout).toContain(
      'Rolled back: the 1 operation before the failure was rolled back, and the table was verified.\n',
    );
    expect(report).toMatchObject({
      outcome: 'rolled-back',
      failures: [{ kind: 'delete-destination', error: { errno: 'ENOMEM' } }],
    });
    expect(table).toBe(LIVE);
  });

  it.each(['stop', 'continue'])(
    'leaves the table between two states with --on-error %s, and apply exits 6',
    async (mode) => {
      const { text, report } = await applyTwice(refuseDeletes, ` --on-error ${mode}`);
      expect(text.status).toBe(6);
      expect(text.stdout).toContain(
        'The table is between two states: 1 operation done. Run `ipvstate plan` to see what is left to do.\n',
      );
      expect(text.stdout).toContain('Still different:\n');
      expect(report).toMatchObject({
        outcome: 'partial',
        differences: [{ action: 'delete', destination: '10.1.0.13:443' }],
      });
    },
  );

  it('makes apply exit 69 when the kernel lacks a scheduler, and nothing has changed', async () => {
    const { run, write } = shop();
    write(
      'shop.yaml',
      'version: 1\nservices: [{ address: "tcp://192.0.2.99:80", scheduler: wlcc, destinations: [10.1.0.11] }]\n',
    );
    const refuse = (operation: Operation) =>
      operation.kind === 'add-service' && operation.service.scheduler === 'wlcc'
        ? 'ENOENT'
        : undefined;
    const { ipvs, openKernel: open } = misbehaving({ refuse });
    const { status, stdout } = await run(`${APPLY} -q`, { openKernel: open });
    expect(stdout).toMatch(
      /^failed: .*refused with ENOENT[\s\S]*Refused; nothing was changed\.\n$/,
    );
    expect(status).toBe(69);
    expect(formatSave(ipvs.table())).toBe(LIVE);
  });
});

describe('lost replies of the kernel', () => {
  it('lead to a second pass that finds out what was done', async () => {
    const { text, table } = await applyTwice(() => ({
      lose: (wave) => (wave === 0 ? 1 : undefined),
    }));
    expect(text).toMatchObject({ status: 0, stderr: '' });
    expect(text.stdout).toContain('Applied and verified: 2 operations in 2 passes');
    expect(table).toBe(DONE);
  });

  it('make a plan exit 69', async () => {
    const kernel = new FakeKernel();
    const { run } = shop();
    kernel.deliver = () => [];
    const clock = {
      after: (_: number, callback: () => void) => void setImmediate(callback),
      afterInput: (callback: () => void) => callback(),
    };
    const { status, stdout } = await run('plan -f ./shop.yaml', {
      openKernel: () => openKernel({ openSocket: kernel.openSocket, clock }),
    });
    expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
  });
});

describe('another writer', () => {
  it('makes apply exit 7 when it reverses the changes before they are verified', async () => {
    const reversal: Operation = {
      kind: 'delete-service',
      service: serviceOf('tcp://192.0.2.10:443').identity,
    };
    const { text, report } = await applyTwice(() => ({
      beforeRead: (_, { services }) => (services ? [reversal] : []),
    }));
    expect(text.status).toBe(7);
    expect(text.stdout).toContain(
      'the table reads back differently: another program writes to it.\n',
    );
    expect(report).toMatchObject({ outcome: 'unverified' });
  });
});

describe('a signal', () => {
  it.each([130, 143])('stops apply before the first operation with exit code %i', async (code) => {
    const { run } = shop();
    const { ipvs, openKernel: open } = misbehaving({});
    const { status } = await run(APPLY, { openKernel: open, signal: AbortSignal.abort(code) });
    expect(status).toBe(code);
    expect(formatSave(ipvs.table())).toBe(LIVE);
  });
});
