import type { Operation } from '../model/operation.ts';
import type { Table } from '../model/table.ts';
import type { Change } from './change.ts';
import { diff } from './diff.ts';
import { operationsFor } from './operations.ts';
import { comparePlaces, type Place, PURPOSES, type Purpose, purposeOf } from './place.ts';

export interface Step {
  readonly operation: Operation;
  /** The index in `Plan.changes` of the change that it serves. */
  readonly change: number;
}

interface PlacedStep {
  readonly place: Place;
  readonly step: Step;
}

/** Operations that are sent together. None of them is unsafe when another one of the wave fails. */
export interface Wave {
  readonly purpose: Purpose;
  readonly steps: readonly Step[];
}

/** Ordered operations and the changes that they serve. */
export interface Plan {
  readonly live: Table;
  /** The whole table after the plan. */
  readonly desired: Table;
  readonly changes: readonly Change[];
  readonly waves: readonly Wave[];
}

/**
 * Orders the operations that turn `live` into `desired` so that traffic keeps flowing: a service
 * that has a usable destination before and after the plan has one after each single operation. The
 * waves run one after another, each only when the one before it has succeeded completely.
 */
export function plan(live: Table, desired: Table): Plan {
  const changes = diff(live, desired);
  const operations = operationsFor(live, desired, changes);
  const steps = new Map<Purpose, Step[]>(PURPOSES.map((purpose) => [purpose, []]));
  for (const { start, end } of subjects(changes)) {
    const placed: PlacedStep[] = [];
    for (let change = start; change < end; change++)
      for (const { place, operation } of operations(changes[change] as Change))
        placed.push({ place, step: { operation, change } });
    placed.sort((a, b) => comparePlaces(a.place, b.place));
    for (const { place, step } of placed) steps.get(purposeOf(place))?.push(step);
  }
  const waves = [...steps]
    .map(([purpose, own]) => ({ purpose, steps: own }))
    .filter((wave) => wave.steps.length > 0);
  return { live, desired, changes, waves };
}

/**
 * The ranges of the changes of a service and its destinations, which follow each other in a diff.
 * Any other change is a range of its own.
 */
function* subjects(changes: readonly Change[]): Generator<{ start: number; end: number }> {
  let start = 0;
  for (let end = 1; end <= changes.length; end++) {
    const subject = subjectOf(changes[start]);
    if (subject !== undefined && subject === subjectOf(changes[end])) continue;
    yield { start, end };
    start = end;
  }
}

function subjectOf(change: Change | undefined): string | undefined {
  return change && 'service' in change ? change.service : undefined;
}
