import type { KnownFleetOverride, Override } from '../../model/override.ts';

/** The overrides of the table, as far as they are those of the fleet. */
export interface TableOverrides {
  readFleet(): Promise<readonly Override[]>;
  /**
   * Makes these the overrides of the fleet, and applies them. Returns why a guard refuses that:
   * then nothing has changed. Throws what planning and executing throw.
   */
  replaceFleet(overrides: readonly Override[]): Promise<string | undefined>;
}

/** Overrides of the fleet by what became of them on this director. */
export interface Settled {
  readonly inEffect: readonly string[];
  /** Why an override is not in effect, by its id. */
  readonly held: ReadonlyMap<string, string>;
  /** True when the table has all of them, and no others of the fleet. */
  readonly isDone: boolean;
}

/**
 * Makes these the overrides of the fleet. When a guard refuses all of them together, they are tried
 * one after the other: one that would leave a service unserved holds back no other. Throws what
 * planning and executing throw.
 */
export async function settleOverrides(
  due: readonly KnownFleetOverride[],
  table: TableOverrides,
): Promise<Settled> {
  const held = new Map<string, string>();
  const before = await table.readFleet();
  const refused = (added: readonly KnownFleetOverride[], why: string): void => {
    for (const { id } of added) held.set(id, why);
  };
  const isStanding = ({ override }: KnownFleetOverride): boolean => isIn(before, override);
  const standing = due.filter(isStanding);
  const added = due.filter((each) => !isStanding(each));
  if (added.length === 0 && before.length === due.length)
    return { inEffect: due.map(({ id }) => id), held, isDone: true };
  const refusal = await replace(due, table);
  if (refusal !== undefined && added.length === 1) refused(added, refusal);
  if (refusal !== undefined && before.length > standing.length) await replace(standing, table);
  if (refusal !== undefined && added.length > 1) {
    let taken = standing;
    for (const each of added) {
      const why = await replace([...taken, each], table);
      if (why === undefined) taken = [...taken, each];
      else refused([each], why);
    }
  }
  const after = await table.readFleet();
  const inEffect = due.filter(({ override }) => isIn(after, override)).map(({ id }) => id);
  for (const id of inEffect) held.delete(id);
  const isDone = inEffect.length === due.length && after.length === due.length;
  return { inEffect, held, isDone };
}

function replace(
  all: readonly KnownFleetOverride[],
  table: TableOverrides,
): Promise<string | undefined> {
  return table.replaceFleet(all.map(({ override }) => override));
}

function isIn(all: readonly Override[], one: Override): boolean {
  const text = JSON.stringify(one);
  return all.some((each) => JSON.stringify(each) === text);
}
