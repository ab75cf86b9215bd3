import fc from 'fast-check';
import { test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { IpvstateError } from '../../src/errors.ts';
import type { Operation } from '../../src/model/operation.ts';
import { type ServiceKey, serviceKey } from '../../src/model/service.ts';
import type { ServiceEntry, Table } from '../../src/model/table.ts';
import type { LoopOptions } from '../../src/reconcile/loop/loop-options.ts';
import { BEING_WRITTEN, type Content, LoopWorld, MISSING } from '../support/loop-world.ts';
import { isSameTable } from '../support/plan-runs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { desiredOf, servicesOf, tableOf } from '../support/tables.ts';

/** Tables that share most of their services, so that what is cut off is missed. */
const services = fc
  .dictionary(
    fc.constantFrom('1', '2', '3', '4', '5'),
    fc.dictionary(fc.constantFrom('7', '8', '9'), fc.integer({ min: 1, max: 3 }), { minKeys: 1 }),
    {
      minKeys: 1,
    },
  )
  .map((found) =>
    servicesOf(
      Object.fromEntries(
        Object.entries(found).map(([service, pool]) => [
          `tcp://192.0.2.${service}:80`,
          {
            destinations: Object.fromEntries(
              Object.entries(pool).map(([host, weight]) => [`10.0.0.${host}:80`, weight]),
            ),
          },
        ]),
      ),
    ),
  );

const OFF = { limits: { maxServiceDeletes: { kind: 'off' } } } as const;
const wants = (table: Table['services']) => desiredOf(table, OFF);

type Services = Table['services'];
type Fault = { readonly code?: ErrorCode; readonly errno?: 'ENOMEM'; readonly lost?: boolean };

type Step =
  /** Written in two halves: what is read in between is valid, and smaller. */
  | {
      readonly kind: 'save';
      readonly services: Services;
      readonly cut: number;
      readonly pause: number;
    }
  | { readonly kind: 'break'; readonly content: Content }
  | { readonly kind: 'foreign'; readonly services: Services }
  | { readonly kind: 'fault'; readonly fault: Fault }
  | { readonly kind: 'reload' }
  | { readonly kind: 'wait'; readonly milliseconds: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('save' as const), services, cut: fc.nat(4), pause: fc.nat(240) }),
  fc.record({
    kind: fc.constant('break' as const),
    content: fc.constantFrom<Content[]>('nonsense', 'more nonsense', MISSING, BEING_WRITTEN),
  }),
  fc.record({ kind: fc.constant('foreign' as const), services }),
  fc.record({
    kind: fc.constant('fault' as const),
    fault: fc.constantFrom<Fault[]>(
      { code: 'UNAVAILABLE' },
      { code: 'LOST' },
      { code: 'UNSTABLE' },
      { errno: 'ENOMEM' },
      { lost: true },
    ),
  }),
  fc.constant({ kind: 'reload' as const }),
  fc.record({
    kind: fc.constant('wait' as const),
    milliseconds: fc.integer({ min: 1, max: 20_000 }),
  }),
);

function firstOf(all: Services, count: number): Services {
  return new Map<ServiceKey, ServiceEntry>([...all].slice(0, count));
}

interface Story {
  readonly world: LoopWorld;
  /** Deleted although every whole file since the last that was read had it. */
  readonly wronged: readonly string[];
  readonly last: Services;
}

/** What an operation deletes, by name. */
function victimOf(operation: Operation): string | undefined {
  if (operation.kind === 'delete-service') return serviceKey(operation.service);
  if (operation.kind === 'delete-destination')
    return `${serviceKey(operation.service)} ${operation.destination.key}`;
  return undefined;
}

function isIn(all: Services, name: string): boolean {
  const [service = '', destination] = name.split(' ');
  const entry = all.get(service as ServiceKey);
  return (
    entry !== undefined &&
    (destination === undefined || [...entry.destinations.keys()].some((key) => key === destination))
  );
}

async function live(
  initial: Services,
  steps: readonly Step[],
  options: Partial<LoopOptions> = {},
): Promise<Story> {
  let fault: Fault = {};
  /** Whole files that a pass may still be about. */
  let whole: Services[] = [initial];
  const wronged: string[] = [];
  const world: LoopWorld = new LoopWorld(tableOf({}), wants(initial), {
    ...options,
    misbehaviour: {
      failRead: () => (fault.code ? new IpvstateError(fault.code, 'it failed') : undefined),
      refuse: (_, index) => (index % 3 === 0 ? fault.errno : undefined),
      lose: (_, { length }) => (fault.lost ? Math.floor(length / 2) : undefined),
      beforeWave: (_, table) => {
        const wave = world.ipvs.waves.at(-1) ?? [];
        for (const operation of wave) {
          const victim = victimOf(operation);
          if (
            victim !== undefined &&
            isIn(table.services, victim) &&
            whole.every((file) => isIn(file, victim))
          )
            wronged.push(victim);
        }
        return [];
      },
    },
  });
  await world.begin();
  for (const next of steps) {
    switch (next.kind) {
      case 'save':
        whole = [...whole.slice(-1), next.services];
        await world.write(wants(firstOf(next.services, next.cut)));
        await world.clock.advance(next.pause);
        await world.write(wants(next.services));
        await world.clock.advance(300);
        break;
      case 'break':
        await world.write(next.content);
        break;
      case 'foreign':
        await world.foreign(tableOf({}));
        await world.foreign({ ...tableOf({}), services: next.services });
        break;
      case 'fault':
        fault = next.fault;
        await world.foreign(tableOf({}));
        await world.clock.advance(7000);
        fault = {};
        break;
      case 'reload':
        void world.loop.reload();
        break;
      case 'wait':
        await world.clock.advance(next.milliseconds);
        break;
      default:
        next satisfies never;
    }
  }
  const saves = steps.flatMap((one) => (one.kind === 'save' ? [one.services] : []));
  return { world, wronged, last: saves.at(-1) ?? initial };
}

const QUIET = 45 * 60_000;

const converges = (quiet: number) =>
  fc.asyncProperty(services, fc.array(step, { maxLength: 12 }), async (initial, steps) => {
    const { world, last } = await live(initial, steps);
    // What somebody else wrote last may be in front of a contest, which ends.
    await world.clock.advance(quiet);
    return (
      world.overlaps === 0 && isSameTable(world.ipvs.table(), { ...tableOf({}), services: last })
    );
  });

test('whatever happened, after a quiet time the table is what the last good file says, and passes never met', async () => {
  await holds(converges(QUIET), 60);
});

test('without a quiet time it would not be', async () => {
  await isBrokenBy(converges(0));
});

/**
 * Without rollbacks: what is refused, or met by a foreign writer, would be taken back, which
 * deletes what was added.
 */
const spares = (options: Partial<LoopOptions> = {}) =>
  fc.asyncProperty(services, fc.array(step, { maxLength: 12 }), async (initial, steps) => {
    const { wronged } = await live(initial, steps, {
      reconciling: { onError: 'stop' },
      ...options,
    });
    return wronged.length === 0;
  });

test('nothing is deleted because of a file that is bad or half-written', async () => {
  await holds(spares(), 100);
});

test('a loop that believed one read would delete', async () => {
  await isBrokenBy(spares({ timing: { secondRead: 0 } }));
});

test('a file that stays bad keeps what the last good one says, for as long as it takes', async () => {
  await holds(
    fc.asyncProperty(
      services,
      services,
      fc.constantFrom<Content[]>('nonsense', MISSING, BEING_WRITTEN),
      async (initial, other, content) => {
        const { world } = await live(initial, [
          { kind: 'break', content },
          { kind: 'foreign', services: other },
        ]);
        await world.clock.advance(20_000);
        return isSameTable(world.ipvs.table(), { ...tableOf({}), services: initial });
      },
    ),
    50,
  );
});
