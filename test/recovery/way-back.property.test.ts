import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'vitest';
import type { Operation } from '../../src/model/operation.ts';
import { sameTimeouts } from '../../src/model/settings.ts';
import type { Table } from '../../src/model/table.ts';
import { plan } from '../../src/plan/plan.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { Journal } from '../../src/recovery/journal/journal.ts';
import { journaled } from '../../src/recovery/journal/journaled.ts';
import { wayBeforeRun } from '../../src/recovery/journal/way-back.ts';
import { executeRollback, type WayBack } from '../../src/recovery/roll-back.ts';
import type { State } from '../../src/recovery/state.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { isSameTable, operationsOf } from '../support/plan-runs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { EVERYTHING_ALLOWED, wants } from '../support/scenarios.ts';
import { tablePairs } from '../support/table-pairs.ts';
import { ManualClock } from '../support/temporary-state.ts';

/** One of our runs. An operation can be refused, and the answers to a wave can be lost. */
interface OwnStep {
  readonly by: 'us';
  readonly desired: Table;
  readonly refused: number;
  readonly lost: number;
}

/** Another program that does some of the operations towards a table. */
interface ForeignStep {
  readonly by: 'others';
  readonly desired: Table;
  readonly chosen: readonly boolean[];
}

const someTables = tablePairs({ mixedFamilies: false }).map(({ desired }) => desired);
const ownSteps: fc.Arbitrary<OwnStep> = fc.record({
  by: fc.constant('us'),
  desired: someTables,
  refused: fc.constantFrom(-1, -1, 0, 1, 4),
  lost: fc.constantFrom(-1, -1, -1, 0, 1),
});
const foreignSteps: fc.Arbitrary<ForeignStep> = fc.record({
  by: fc.constant('others'),
  desired: someTables,
  chosen: fc.array(fc.boolean(), { minLength: 3, maxLength: 8 }),
});

/** One of our waves, or a foreign step. */
interface Event {
  readonly by: 'us' | 'others';
  readonly before: Table;
  readonly after: Table;
  /** True when the answers were lost: we cannot know what was done. */
  readonly isLost: boolean;
}

interface Past {
  readonly events: readonly Event[];
  /** The table that the rollback finds. */
  readonly live: Table;
  readonly result: Table;
  readonly contested: readonly string[];
}

/** Makes a way back worse. `before` is the table from before the run. */
type Variant = (way: WayBack, before: Table) => WayBack;

/** Executes the steps, and rolls back to before the run with the number. */
async function live(
  initial: Table,
  steps: readonly (OwnStep | ForeignStep)[],
  chosen: number,
  variant: Variant,
): Promise<Past | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-way-back-'));
  const state: State = {
    folders: { runtime: folder, state: folder },
    life: { boot: 'boot', netns: '1' },
    caller: { uid: 0, command: [] },
    clock: new ManualClock(),
    lockPath: join(folder, 'lock'),
  };
  try {
    let table = initial;
    const events: Event[] = [];
    const begun: { readonly id: string; readonly event: number; readonly before: Table }[] = [];
    for (const [number, step] of steps.entries()) {
      const before = table;
      if (step.by === 'others') {
        const kernel = openMisbehavingTable(table);
        const all = operationsOf(plan(table, step.desired));
        await kernel.execute(all.filter((_, index) => step.chosen[index % step.chosen.length]));
        table = kernel.table();
        events.push({ by: 'others', before, after: table, isLost: false });
        continue;
      }
      const event = events.length;
      table = await runOnce(table, `r${number}`, step, state, events);
      if (events.length > event) begun.push({ id: `r${number}`, event, before });
    }
    const target = begun[chosen % Math.max(begun.length, 1)];
    if (!target) return undefined;
    const kernel = openMisbehavingTable(table);
    const way = variant(wayBeforeRun(state, target.id), target.before);
    const { contested } = await executeRollback(kernel, way);
    return { events: events.slice(target.event), live: table, result: kernel.table(), contested };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runOnce(
  table: Table,
  id: string,
  { desired, refused, lost }: OwnStep,
  state: State,
  events: Event[],
): Promise<Table> {
  const kernel = openMisbehavingTable(table, {
    refuse: (_, index) => (index === refused ? 'EBUSY' : undefined),
    lose: (wave) => (wave === lost ? 1 : undefined),
  });
  const watched = {
    ...kernel,
    execute: async (wave: readonly Operation[]) => {
      const before = kernel.table();
      const isLost = kernel.waves.length === lost;
      try {
        return await kernel.execute(wave);
      } finally {
        events.push({ by: 'us', before, after: kernel.table(), isLost });
      }
    },
  };
  const journal = new Journal(state, id, (message) => {
    throw new Error(message);
  });
  const report = await reconcile(journaled(watched, journal), wants(desired), {
    allowances: EVERYTHING_ALLOWED,
    confirm: async ({ plan: planned }) => {
      journal.beginPlan({ verb: 'apply', trigger: 'command', files: [] }, planned);
      return true;
    },
  });
  journal.end(report.outcome);
  return kernel.table();
}

/** The values of all objects, by name. A destination is below its service. */
function valuesOf({ services, timeouts, daemons }: Table): Map<string, string> {
  const values: [string, unknown][] = Object.entries(timeouts);
  for (const [key, { service, destinations }] of services) {
    values.push([key, service]);
    for (const [name, destination] of destinations) values.push([`${key} ${name}`, destination]);
  }
  for (const daemon of daemons) values.push([`${daemon.role} sync daemon`, daemon]);
  return new Map(values.map(([name, value]) => [name, JSON.stringify(value)]));
}

interface Expectation {
  readonly value: string | undefined;
  /** True when our changes are left in part because another program changed the object. */
  readonly isContested: boolean;
}

/**
 * The value that an object should get: from the live value back over our writes, until a value that
 * we did not write.
 */
function expectationOf(
  { live: found, events }: Past,
  valueIn: (table: Table) => string | undefined,
  isTimeout: boolean,
): Expectation {
  // One operation sets all timeouts, also those that stay.
  const isWritten = (before: Table, after: Table): boolean =>
    isTimeout ? !sameTimeouts(before.timeouts, after.timeouts) : valueIn(before) !== valueIn(after);
  const ours = events
    .filter(({ by, before, after }) => by === 'us' && isWritten(before, after))
    .map(({ before, after, isLost }) => [valueIn(before), valueIn(after), isLost] as const);
  const goal = ours[0]?.[0];
  let value = valueIn(found);
  let hasFollowed = false;
  for (const [before, after, isLost] of ours.toReversed()) {
    if (after !== value && isLost) continue;
    const isNothing = !hasFollowed && after === goal;
    if (after !== value) return { value, isContested: value !== goal && !isNothing };
    value = before;
    hasFollowed = true;
  }
  return { value, isContested: false };
}

/** The services whose objects depend on nothing else: they are in every table, or in our hands. */
function independentServices({ events, live: found }: Past): (name: string) => boolean {
  const tables = [found, ...events.flatMap(({ before, after }) => [before, after])];
  const isAlways = (key: string): boolean =>
    tables.every(({ services }) => [...services.keys()].some((other) => other === key));
  const foreign = events.filter(({ by }) => by === 'others');
  const isUntouched = (key: string): boolean =>
    foreign.every(({ before, after }) =>
      [before, after]
        .map((table) => [...valuesOf(table)].filter(([name]) => name.split(' ')[0] === key))
        .map((values) => JSON.stringify(values.sort()))
        .every((text, _, all) => text === all[0]),
    );
  return (name) => isAlways(name) || isUntouched(name);
}

const ownGoesBackAndForeignStays = (variant: Variant = (way) => way) =>
  fc.asyncProperty(
    someTables,
    fc.array(fc.oneof({ weight: 3, arbitrary: ownSteps }, foreignSteps), {
      minLength: 1,
      maxLength: 5,
    }),
    fc.nat(5),
    async (initial, steps, chosen) => {
      const past = await live(initial, steps, chosen, variant);
      if (!past) return true;
      const [first] = past.events;
      if (first && past.events.every(({ by }) => by === 'us'))
        return isSameTable(past.result, first.before) && past.contested.length === 0;
      const isIndependent = independentServices(past);
      const tables = [past.result, past.live, ...past.events.flatMap((e) => [e.before, e.after])];
      const names = new Set(tables.flatMap((table) => [...valuesOf(table).keys()]));
      return [...names].every((name) => {
        const [service = ''] = name.split(' ');
        if (service.includes(':') && !isIndependent(service)) return true;
        const valueIn = (table: Table): string | undefined => valuesOf(table).get(name);
        const isTimeout = name in initial.timeouts;
        const { value, isContested } = expectationOf(past, valueIn, isTimeout);
        const title = isTimeout ? 'timeouts' : name;
        const isNamed = past.contested.includes(title);
        return valueIn(past.result) === value && (isNamed === isContested || title === 'timeouts');
      });
    },
  );

test('going back over several runs takes our changes back, and leaves those of others', () =>
  holds(ownGoesBackAndForeignStays(), 100));

test.each<[string, Variant]>([
  [
    'to the whole table of that time',
    (_, before) => over(() => ({ table: before, contested: [] })),
  ],
  ['nowhere', () => over((table) => ({ table, contested: [] }))],
  [
    'without naming what others changed',
    (way) => over((table) => ({ ...way.rollBack(table), contested: [] })),
  ],
])('going back %s would be noticed', (_, variant) =>
  isBrokenBy(ownGoesBackAndForeignStays(variant), 300),
);

function over(rollBack: WayBack['rollBack']): WayBack {
  return { setsSysctls: false, rollBack };
}
