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
import { smallServices } from '../support/small-tables.ts';
import { desiredOf, servicesOf, tableOf } from '../support/tables.ts';

/**
 * Tables that share most of their services, so that a cut-off file lacks services that are live.
 */
const services = smallServices({ services: 5, hosts: 3, minWeight: 1, minimum: 1 }).map(servicesOf);

const OFF = { limits: { maxServiceDeletes: { kind: 'off' } } } as const;
const wants = (table: Table['services']) => desiredOf(table, OFF);

type Services = Table['services'];
type Fault = { readonly code?: ErrorCode; readonly errno?: 'ENOMEM'; readonly lost?: boolean };

type Step =
  /** A file that is written in two parts. In between it is valid, and shorter. */
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
  /** Objects that were deleted although every whole file since the last read had them. */
  readonly wronglyDeleted: readonly string[];
  readonly last: Services;
}

/** Returns the name of the object that an operation deletes. */
function deletedBy(operation: Operation): string | undefined {
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
  /** Whole files that a pass may still apply. */
  let whole: Services[] = [initial];
  const wronglyDeleted: string[] = [];
  const world: LoopWorld = new LoopWorld(tableOf({}), wants(initial), {
    ...options,
    misbehaviour: {
      failRead: () => (fault.code ? new IpvstateError(fault.code, 'it failed') : undefined),
      refuse: (_, index) => (index % 3 === 0 ? fault.errno : undefined),
      lose: (_, { length }) => (fault.lost ? Math.floor(length / 2) : undefined),
      beforeWave: (_, table) => {
        const wave = world.ipvs.waves.at(-1) ?? [];
        for (const operation of wave) {
          const deleted = deletedBy(operation);
          if (
            deleted !== undefined &&
            isIn(table.services, deleted) &&
            whole.every((file) => isIn(file, deleted))
          )
            wronglyDeleted.push(deleted);
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
  return { world, wronglyDeleted, last: saves.at(-1) ?? initial };
}

const QUIET = 45 * 60_000;

const converges = (quiet: number) =>
  fc.asyncProperty(services, fc.array(step, { maxLength: 12 }), async (initial, steps) => {
    const { world, last } = await live(initial, steps);
    // The last foreign change can have begun a contest, which ends within that time.
    await world.clock.advance(quiet);
    return (
      world.overlaps === 0 && isSameTable(world.ipvs.table(), { ...tableOf({}), services: last })
    );
  });

test('after a quiet time the table is as the last valid file says, whatever happened', async () => {
  await holds(converges(QUIET), 60);
});

test('without a quiet time the table would not always be as the file says', async () => {
  await isBrokenBy(converges(0));
});

/**
 * Holds when no file that is invalid or half-written deletes an object. It runs without rollbacks,
 * which delete what a failed pass added.
 */
const spares = (options: Partial<LoopOptions> = {}) =>
  fc.asyncProperty(services, fc.array(step, { maxLength: 12 }), async (initial, steps) => {
    const { wronglyDeleted } = await live(initial, steps, {
      reconciling: { onError: 'stop' },
      ...options,
    });
    return wronglyDeleted.length === 0;
  });

test('nothing is deleted because of a file that is bad or half-written', async () => {
  await holds(spares(), 100);
});

test('a loop that applied a file after one read would delete', async () => {
  await isBrokenBy(spares({ timing: { secondRead: 0 } }));
});

test('an invalid file leaves the last valid one in force for as long as it is there', async () => {
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
