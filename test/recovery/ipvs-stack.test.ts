import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Activity } from '../../src/kernel/activity.ts';
import { RememberedTable } from '../../src/kernel/remembered-table.ts';
import { withSysctls } from '../../src/kernel/sysctls.ts';
import type { Ipvs, ReadOptions } from '../../src/model/ipvs.ts';
import type { Operation } from '../../src/model/operation.ts';
import { interruptible } from '../../src/reconcile/interruptible.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { StackOfPasses, stackOfRun } from '../../src/recovery/ipvs-stack.ts';
import { Journal } from '../../src/recovery/journal/journal.ts';
import type { JournalLine } from '../../src/recovery/journal/journal-lines.ts';
import { journaled } from '../../src/recovery/journal/journaled.ts';
import { recorded } from '../../src/recovery/recorder.ts';
import type { StoredPass } from '../../src/recovery/records/records.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { desiredOf, servicesOf, tableOf } from '../support/tables.ts';
import { type TemporaryState, temporaryState } from '../support/temporary-state.ts';

const SERVICE = 'tcp://192.0.2.1:80';
const weighing = (weight: number) => ({ [SERVICE]: { destinations: { '10.0.0.1:80': weight } } });
const filesWith = (weight: number) => desiredOf(servicesOf(weighing(weight)));
const ZERO: Operation = { kind: 'zero', service: undefined };

let state: TemporaryState;
let journal: Journal;
let records: (readonly StoredPass[])[];
const record = async (passes: readonly StoredPass[]): Promise<void> => void records.push(passes);
const idle = (): Activity => new Activity(() => 0);

beforeEach(() => {
  state = temporaryState();
  records = [];
  journal = new Journal(state, 'r1', (message) => expect.fail(message));
  journal.begin({ verb: 'watch', trigger: 'file', files: [], changes: 1, operations: 1 });
});

function journalLines(): JournalLine[] {
  const text = readFileSync(join(state.folders.state, 'journal.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JournalLine);
}

const journaledOperations = () =>
  journalLines().flatMap((line) => (line.type === 'wave' ? line.operations : []));

describe('the stack of a pass', () => {
  it('writes a sysctl to its file, and has it in the record and in the journal', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ipvstate-sysctls-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'conntrack'), '0\n');
    const kernel = withSysctls(openMisbehavingTable(tableOf({})), folder);
    const { ipvs } = new StackOfPasses(kernel, idle()).open({ journal, record }, undefined);
    await ipvs.read({ sysctls: true });
    await ipvs.execute([{ kind: 'set-sysctl', name: 'conntrack', value: '1' }]);
    expect(readFileSync(join(folder, 'conntrack'), 'utf8')).toBe('1\n');
    expect(records.at(-1)?.[0]?.sysctls).toEqual({ conntrack: ['0', '1'] });
    expect(journaledOperations()).toMatchObject([
      { before: { value: '0' }, after: { value: '1' } },
    ]);
  });

  it('does not take a disk that hangs for a kernel that hangs', async () => {
    let now = 0;
    let isHanging = false;
    const activity = new Activity(() => now);
    const kernel = openMisbehavingTable(tableOf({}));
    const hanging: Ipvs = {
      ...kernel,
      execute: (wave) => (isHanging ? new Promise(() => {}) : kernel.execute(wave)),
    };
    const stack = new StackOfPasses(hanging, activity);
    const onSlowDisk = stack.open({ journal, record: () => new Promise(() => {}) }, undefined);
    await onSlowDisk.ipvs.read();
    void onSlowDisk.ipvs.execute([ZERO]);
    now = 100;
    expect(activity.isStuck).toBe(false);

    isHanging = true;
    const onStuckKernel = stack.open({ journal, record }, undefined);
    void onStuckKernel.ipvs.execute([ZERO]);
    now = 200;
    expect(activity.isStuck).toBe(true);
  });
});

describe('the layer of the record is below that of the journal and', () => {
  const full = async (): Promise<void> => {
    throw new Error('the disk is full');
  };

  it('when the disk is full, the journal has the wave that was not sent', async () => {
    const kernel = openMisbehavingTable(tableOf({}));
    const { ipvs } = stackOfRun(kernel, { journal, record: full });
    await ipvs.read();
    await expect(ipvs.execute([ZERO])).rejects.toThrow('the disk is full');
    expect(kernel.waves).toEqual([]);
    expect(journalLines().slice(1)).toMatchObject([
      { type: 'wave', operations: [{ operation: 'zero' }] },
      { type: 'outcomes', done: 0, lost: 'the disk is full' },
    ]);
  });

  it('above it, would leave that wave out of the journal', async () => {
    const { ipvs } = recorded(journaled(openMisbehavingTable(tableOf({})), journal), full);
    await ipvs.read();
    await expect(ipvs.execute([ZERO])).rejects.toThrow('the disk is full');
    expect(journalLines().slice(1)).toEqual([]);
  });
});

describe('the remembered table is below record, journal and interruption and', () => {
  /** Lets `remembered` remember a pass, and expect files that change one service. */
  async function expectChange(remembered: RememberedTable): Promise<void> {
    await remembered.read();
    remembered.remember(tableOf(weighing(1)), filesWith(1));
    expect(remembered.shortenNextRead(filesWith(7))).toBe(true);
  }

  it('lets a short read be recorded and journaled like a read of the whole table', async () => {
    const kernel = openMisbehavingTable(tableOf(weighing(1)));
    const stack = new StackOfPasses(kernel, idle());
    await expectChange(stack.remembered);
    await reconcile(stack.open({ journal, record }, undefined).ipvs, filesWith(7));
    expect(kernel.reads[1]?.services).toBeDefined();
    expect(records).toHaveLength(1);
    expect(journaledOperations()).toMatchObject([{ before: { weight: 1 }, after: { weight: 7 } }]);
  });

  it('above them, would hide the table from the record and the journal', async () => {
    const kernel = openMisbehavingTable(tableOf(weighing(1)));
    const run = stackOfRun(kernel, { journal, record }).ipvs;
    let below: Ipvs = kernel;
    const remembered = new RememberedTable({
      ...kernel,
      read: (options) => below.read(options),
      execute: (wave) => below.execute(wave),
    });
    await expectChange(remembered);
    below = run;
    await reconcile(remembered, filesWith(7));
    expect(records).toEqual([]);
    expect(journaledOperations()[0]?.before).toBeUndefined();
  });

  const signals = ({ reads }: { reads: readonly ReadOptions[] }) =>
    reads.map((read) => read.signal);

  it('lets a signal end the first read of a pass, also when it is a short one', async () => {
    const kernel = openMisbehavingTable(tableOf(weighing(1)));
    const stack = new StackOfPasses(kernel, idle());
    await expectChange(stack.remembered);
    const { signal } = new AbortController();
    const { ipvs } = stack.open({ journal, record }, signal);
    await ipvs.read();
    await ipvs.read();
    expect(signals(kernel)).toEqual([undefined, signal, undefined]);
  });

  it('above them, would let the signal end a later read', async () => {
    const kernel = openMisbehavingTable(tableOf(weighing(1)));
    const { signal } = new AbortController();
    let below: Ipvs = kernel;
    const remembered = new RememberedTable({ ...kernel, read: (options) => below.read(options) });
    await expectChange(remembered);
    below = interruptible(kernel, signal);
    await remembered.read();
    await remembered.read();
    expect(signals(kernel)).toEqual([undefined, undefined, signal]);
  });
});
