import fc from 'fast-check';
import { expect, test } from 'vitest';
import { writableFormat } from '../../src/formats/formats.ts';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import type { Snapshot } from '../../src/model/ipvs.ts';
import { plan } from '../../src/plan/plan.ts';
import { parseDocument } from '../../src/sources/load.ts';
import {
  type RawDestination,
  type RawService,
  rawDestination,
  rawService,
  sendRaw,
} from '../contract/raw-requests.ts';
import { FakeKernel } from '../support/fake-kernel/kernel.ts';
import { holds, isBrokenBy } from '../support/properties.ts';

// The export of any table that raw netlink can make is valid. A plan of the export against the same
// table is empty, but for the entries that the export names as left out.

const NEW_SERVICE = 1;
const NEW_DEST = 5;

interface RawEntry {
  readonly service: RawService;
  readonly destinations: readonly RawDestination[];
}

const services: fc.Arbitrary<RawService> = fc.record({
  address: fc.integer({ min: 1, max: 2 }),
  port: fc.constantFrom(0, 80),
  protocol: fc.constantFrom(6, 6, 17, 132, 1, 65_535),
  flags: fc.constantFrom(0, 0, 1, 2, 4, 5, 8, 0x38, 0x40, 0xffff_ffff),
  timeout: fc.constantFrom(0, 1, 360, 2_678_400, 2_678_401, 0xffff_ffff),
  netmask: fc.constantFrom(0xffff_ffff, 0, 0x00ff_ffff, 0x1234_5678),
  engine: fc.constantFrom('', '', 'sip'),
});

const destinations: fc.Arbitrary<RawDestination> = fc.record({
  address: fc.integer({ min: 1, max: 2 }),
  port: fc.constantFrom(0, 80, 80, 81, 8080),
  weight: fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000),
  thresholds: fc.constantFrom([0, 0] as const, [9, 5] as const, [0xffff_ffff, 0] as const),
  method: fc.integer({ min: 0, max: 7 }),
  tunnelType: fc.integer({ min: 0, max: 3 }),
  tunnelPort: fc.constantFrom(0, 6080),
  tunnelFlags: fc.integer({ min: 0, max: 3 }),
});

const tables: fc.Arbitrary<readonly RawEntry[]> = fc.array(
  fc.record({ service: services, destinations: fc.array(destinations, { maxLength: 4 }) }),
  { maxLength: 3 },
);

/** The table of a kernel after these requests, without those that it refuses. */
async function snapshotOf(entries: readonly RawEntry[]): Promise<Snapshot> {
  const { openSocket } = new FakeKernel();
  const send = (command: number, ...nests: Buffer[]) =>
    sendRaw(openSocket, [[command, ...nests]]).catch(() => undefined);
  for (const { service, destinations: list } of entries) {
    await send(NEW_SERVICE, rawService(service));
    for (const destination of list)
      await send(NEW_DEST, rawService(service), rawDestination(destination));
  }
  const ipvs = await openKernel({ openSocket });
  try {
    return await ipvs.read();
  } finally {
    ipvs.close();
  }
}

type Export = (
  snapshot: Snapshot,
) => Promise<{ readonly text: string; readonly omissions: readonly string[] }>;

function exportAs(name: string): Export {
  return ({ table, unmanageable }) => writableFormat(name).format(table, { unmanageable });
}

function isValid(name: string, print: Export) {
  return fc.asyncProperty(tables, async (entries) => {
    const snapshot = await snapshotOf(entries);
    const { table, unmanageable } = snapshot;
    const { text, omissions } = await print(snapshot);
    const named = [...omissions, ...text.split('\n').filter((line) => line.startsWith('#'))];
    for (const { service, destination = service, reason } of unmanageable)
      expect(named.some((line) => line.includes(destination) && line.includes(reason))).toBe(true);

    const bytes = Buffer.from(text === '' ? '-C\n' : text);
    const { desired, issues } = await parseDocument({ name: `live.${name}`, bytes });
    expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
    const read = { ...table, services: desired?.services ?? new Map() };
    for (const change of plan(table, read).changes) {
      const service = 'service' in change ? change.service : undefined;
      expect(
        omissions.some((line) => service && line.includes(service)),
        text,
      ).toBe(true);
    }
  });
}

test.each(['yaml', 'json', 'save'])('an export as %s is valid, and complete', (name) =>
  holds(isValid(name, exportAs(name)), 150),
);

test('an export as save text that writes every destination is found out', () =>
  isBrokenBy(
    isValid('save', async (snapshot) => {
      const { text, omissions } = await exportAs('save')(snapshot);
      return { text: text.replace(/^-a .*$/m, '$&\n$&'), omissions };
    }),
  ));

test('an export that drops the flag of one-packet scheduling is found out', () =>
  isBrokenBy(
    isValid('yaml', async (snapshot) => {
      const { text, omissions } = await exportAs('yaml')(snapshot);
      return { text: text.replaceAll('    one_packet: true\n', ''), omissions };
    }),
  ));
