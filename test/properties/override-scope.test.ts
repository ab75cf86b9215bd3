import fc from 'fast-check';
import { test } from 'vitest';
import { type DrainKey, drainKey, NO_DRAINS } from '../../src/model/drain.ts';
import type { Override } from '../../src/model/override.ts';
import type { Table } from '../../src/model/table.ts';
import { diff } from '../../src/plan/diff.ts';
import { concernedDestinations } from '../../src/plan/overrides/override-request.ts';
import { scopeOverrides } from '../../src/plan/overrides/override-scope.ts';
import { type Scoped, scope } from '../../src/plan/scope.ts';
import { policiesOf } from '../support/arbitrary-policy.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { tablePairs } from '../support/table-pairs.ts';
import { desiredOf } from '../support/tables.ts';

const NOW = 5000;
const date = new Date('2026-05-04T12:00:00Z');

/** Overrides of destinations, services and servers that the live table or the files have. */
function overridesOf(live: Table, files: Table): fc.Arbitrary<Override[]> {
  const targets = [...live.services.values(), ...files.services.values()].flatMap(
    ({ service, destinations }) => [
      { service: service.key, destination: null },
      ...[...destinations.values()].flatMap(({ key, address }) => [
        { service: service.key, destination: key as string },
        { service: null, destination: address as string },
      ]),
    ],
  );
  const override = fc.record({
    target: fc.constantFrom({ service: null, destination: '203.0.113.9' }, ...targets),
    weight: fc.constantFrom(0, 1, 3, 70),
    by: fc.constantFrom('alice', 'bob'),
    lasts: fc.constantFrom(undefined, undefined, -1, 100),
  });
  return fc.array(
    override.map(
      ({ target, lasts, ...rest }): Override => ({
        ...target,
        ...rest,
        ...(lasts !== undefined && { endSeconds: NOW + lasts }),
        reason: '',
        since: date.toISOString(),
      }),
    ),
    { maxLength: 4 },
  );
}

const commands = tablePairs({ mixedFamilies: false }).chain(({ live, desired }) =>
  fc.record({
    live: fc.constant(live),
    desired: policiesOf(desired).map((policy) => ({ ...desiredOf(desired.services), policy })),
    before: overridesOf(live, desired),
    after: overridesOf(live, desired),
    drains: fc.subarray(
      [...live.services].flatMap(([service, { destinations }]) =>
        [...destinations.keys()].map((key) => drainKey(service, key)),
      ),
    ),
  }),
);

type Command = typeof commands extends fc.Arbitrary<infer T> ? T : never;

function concernedOf({ live, before, after }: Command): ReadonlySet<DrainKey> {
  const held = new Map<DrainKey, number>();
  return concernedDestinations(
    { overrides: before, held },
    { overrides: after, held },
    { live, now: NOW },
    false,
  );
}

const UNCHECKED = { states: new Map(), isChecking: false, now: NOW };

function scenesOf({ live, after, drains }: Command) {
  const pending = drains.map((key) => [key, { deadlineSeconds: NOW + 60, weight: 2 }] as const);
  return {
    snapshot: { table: live, counters: new Map(), unmanageable: [] },
    drains: { ...NO_DRAINS, now: NOW, drains: new Map(pending) },
    overrides: { overrides: after, held: new Map(), now: NOW, date },
  };
}

const narrow = (command: Command): Scoped => {
  const { snapshot, drains, overrides } = scenesOf(command);
  return scopeOverrides(
    ...([command.desired, snapshot, drains, overrides, UNCHECKED] as const),
    concernedOf(command),
  );
};

const changesNothingElse = (plan: (command: Command) => Scoped) =>
  fc.property(commands, (command) => {
    const concerned = concernedOf(command);
    const pending = new Set(command.drains);
    return diff(command.live, plan(command).table).every((change) => {
      if (change.object !== 'destination' || !change.before || !change.after) return false;
      const { service, destination, before, after } = change;
      const id = drainKey(service, destination);
      const isOfFiles = command.desired.services.get(service)?.destinations.has(destination);
      const rest = JSON.stringify({ ...before, weight: after.weight }) === JSON.stringify(after);
      return concerned.has(id) && rest && (isOfFiles || !pending.has(id));
    });
  });

test('a command about overrides changes nothing but weights that it is about', async () => {
  await holds(changesNothingElse(narrow));
});

test('it is found when the services of such a command are brought to the files', async () => {
  await isBrokenBy(
    changesNothingElse((command) => {
      const { snapshot, drains, overrides } = scenesOf(command);
      const services = new Set([...concernedOf(command)].map((key) => key.split(' ')[0]));
      const only = (service: string): boolean => services.has(service);
      return scope(command.desired, snapshot, { only, drains, overrides });
    }),
  );
});

test('it is found when all overrides of the table are applied', async () => {
  await isBrokenBy(
    changesNothingElse((command) => {
      const { snapshot, drains, overrides } = scenesOf(command);
      const all = new Set(
        [...command.live.services].flatMap(([service, { destinations }]) =>
          [...destinations.keys()].map((key) => drainKey(service, key)),
        ),
      );
      return scopeOverrides(command.desired, snapshot, drains, overrides, UNCHECKED, all);
    }),
  );
});
