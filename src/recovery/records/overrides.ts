import { join } from 'node:path';
import { MAX_WEIGHT } from '../../model/destination.ts';
import type { DrainKey } from '../../model/drain.ts';
import {
  NO_OVERRIDES,
  type Override,
  type OverrideRecord,
  type OverrideStore,
  type Ramp,
  sameOverrides,
} from '../../model/override.ts';
import type { ServiceKey } from '../../model/service.ts';
import {
  countUpTo,
  isCount,
  isFlag,
  isNumber,
  isText,
  isTime,
  listOf,
  mapOf,
  nullable,
  objectOf,
  optional,
  type Shape,
} from '../../model/shape.ts';
import { isSameLife, LIFE_SHAPE, type State, type TableLife } from '../state.ts';
import {
  type Access,
  type FileFormat,
  readUsable,
  readVersioned,
  writeVersioned,
} from './versioned.ts';

interface OverridesFile extends TableLife {
  readonly overrides: readonly Override[];
  /** The weights from before, by service and destination. */
  readonly held: { readonly [key: string]: number };
}

const isWeight = countUpTo(MAX_WEIGHT);

const isMember = objectOf<Override>({
  service: nullable(isText as Shape<ServiceKey>),
  destination: nullable(isText),
  weight: isWeight,
  ramp: optional(objectOf<Ramp>({ from: isWeight, sinceSeconds: isNumber, seconds: isCount })),
  allowsUnserved: optional(isFlag),
  owner: optional(isText),
  by: isText,
  reason: isText,
  since: isTime,
  endSeconds: optional(isNumber),
});

/** An override without a target would be about every destination of every service. */
export const isOverride: Shape<Override> = (value): value is Override =>
  isMember(value) && (value.service !== null || value.destination !== null);

const FORMAT: FileFormat<OverridesFile> = {
  name: 'ipvstate-overrides',
  version: 1,
  shape: objectOf<OverridesFile>({
    ...LIFE_SHAPE,
    overrides: listOf(isOverride),
    held: mapOf(isWeight),
  }),
};

/** The weights from before are usable as well where an override is not. */
const HELD_FORMAT: FileFormat<Omit<OverridesFile, 'overrides'>> = {
  ...FORMAT,
  shape: objectOf<Omit<OverridesFile, 'overrides'>>({ ...LIFE_SHAPE, held: mapOf(isWeight) }),
};

const EFFECT =
  'The overrides in it are lost. `ipvstate reload`, or `ipvstate apply` without a daemon, ' +
  'gives the weights of the files back.';

function recordOf({ overrides, held }: Omit<OverridesFile, keyof TableLife>): OverrideRecord {
  return { overrides, held: new Map(Object.entries(held) as [DrainKey, number][]) };
}

/**
 * Opens the overrides of operators and programs. They belong to the kernel's table: after a boot
 * there are none. `warn` is told of a damaged file.
 */
export function openOverrideStore(
  { folders, life, clock }: State,
  warn: (message: string) => void,
  access: Access = 'write',
): OverrideStore {
  const path = join(folders.runtime, 'overrides.json');
  const read = async (): Promise<OverrideRecord> => {
    const stored = await readVersioned(path, FORMAT);
    if (stored.kind === 'read')
      return isSameLife(stored.value, life) ? recordOf(stored.value) : NO_OVERRIDES;
    const held = await readVersioned(path, HELD_FORMAT);
    await readUsable(path, FORMAT, { access, warn, effect: EFFECT });
    if (held.kind !== 'read' || !isSameLife(held.value, life)) return NO_OVERRIDES;
    const saved = { ...life, overrides: [], held: held.value.held };
    if (access === 'write') await writeVersioned(path, FORMAT, saved);
    return recordOf(saved);
  };
  return {
    now: () => clock.monotonicSeconds(),
    date: () => clock.now(),
    read,
    write: async (record) => {
      if (sameOverrides(await read(), record)) return;
      const { overrides, held } = record;
      await writeVersioned(path, FORMAT, { ...life, overrides, held: Object.fromEntries(held) });
    },
  };
}
