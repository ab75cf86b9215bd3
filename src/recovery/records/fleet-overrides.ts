import { join } from 'node:path';
import type { FleetOverrideStore, KnownFleetOverride } from '../../model/override.ts';
import { isFlag, isText, isTime, listOf, objectOf, optional } from '../../model/shape.ts';
import { isSameLife, LIFE_SHAPE, type State, type TableLife } from '../state.ts';
import { isOverride } from './overrides.ts';
import { type FileFormat, readUsable, writeVersioned } from './versioned.ts';

interface KeptOverride extends KnownFleetOverride {
  /** The end on the wall clock of this machine. Absent: it lasts until it is ended. */
  readonly until?: string | undefined;
}

interface FleetOverridesFile extends TableLife {
  readonly prefix: string;
  /** The members of etcd that they were read from. */
  readonly hosts: readonly string[];
  readonly overrides: readonly KeptOverride[];
}

const FORMAT: FileFormat<FleetOverridesFile> = {
  name: 'ipvstate-fleet-overrides',
  version: 1,
  shape: objectOf<FleetOverridesFile>({
    ...LIFE_SHAPE,
    prefix: isText,
    hosts: listOf(isText),
    overrides: listOf(
      objectOf<KeptOverride>({
        id: isText,
        revision: isText,
        override: isOverride,
        isInEffect: isFlag,
        until: optional(isTime),
      }),
    ),
  }),
};

/**
 * Opens the record of the overrides of a fleet. It is beside the kept generation, and outlives a
 * boot, as that does: the record of all overrides does not, because it belongs to the kernel's
 * table. After a boot, the monotonic clock is another one, and the end is that on the wall clock.
 * As with the generation, an etcd without a member in common is another one.
 */
export function openFleetOverrideStore(
  { folders, life, clock }: Pick<State, 'folders' | 'life' | 'clock'>,
  { hosts, prefix }: { readonly hosts: readonly string[]; readonly prefix: string },
  warn: (message: string) => void,
): FleetOverrideStore {
  const path = join(folders.state, 'fleet-overrides.json');
  const effect = 'Without etcd, drains of the fleet are not known.';
  return {
    read: async () => {
      const damage = { access: 'write', warn, effect } as const;
      const stored = await readUsable(path, FORMAT, damage).catch((error: Error) => {
        warn(`${error.message}. ${effect}`);
        return undefined;
      });
      const isSameEtcd = stored?.hosts.some((host) => hosts.includes(host));
      if (!stored || !isSameEtcd || stored.prefix !== prefix) return undefined;
      if (isSameLife(stored, life)) return stored.overrides.map(knownOf);
      return stored.overrides.map((kept) => knownOf(atWallTime(kept, clock)));
    },
    write: async (known) => {
      const overrides = known.map((each) => withWallTime(each, clock));
      await writeVersioned(path, FORMAT, { ...life, prefix, hosts, overrides }).catch(
        (error: Error) =>
          warn(`${error.message}. A start without etcd has older drains of the fleet, or none.`),
      );
    },
  };
}

type Clocks = State['clock'];

function knownOf({ until: _, ...known }: KeptOverride): KnownFleetOverride {
  return known;
}

function withWallTime(known: KnownFleetOverride, clock: Clocks): KeptOverride {
  const { endSeconds } = known.override;
  if (endSeconds === undefined) return known;
  const left = endSeconds - clock.monotonicSeconds();
  return { ...known, until: new Date(clock.now().getTime() + left * 1000).toISOString() };
}

function atWallTime(kept: KeptOverride, clock: Clocks): KeptOverride {
  if (kept.until === undefined) return kept;
  const left = (Date.parse(kept.until) - clock.now().getTime()) / 1000;
  const endSeconds = clock.monotonicSeconds() + left;
  return { ...kept, override: { ...kept.override, endSeconds } };
}
