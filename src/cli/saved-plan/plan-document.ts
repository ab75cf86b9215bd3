import type { DestinationKey } from '../../model/destination.ts';
import { MAX_WEIGHT } from '../../model/destination.ts';
import type { Unmanageable } from '../../model/ipvs.ts';
import type { Position } from '../../model/issue.ts';
import type { ServiceKey } from '../../model/service.ts';
import {
  countUpTo,
  isCount,
  isFlag,
  isObject,
  isText,
  isTime,
  listOf,
  mapOf,
  nullable,
  objectOf,
  oneOf,
  optional,
  type Shape,
} from '../../model/shape.ts';
import type { Drain } from '../../plan/drain/drain.ts';
import type { Json } from '../../render/json.ts';

export interface SourceFile {
  readonly path: string;
  readonly sha256: string;
}

/** The network namespace whose kernel's table a plan is for. */
export interface PlanNamespace {
  /** The name that was given with `--netns`. */
  readonly name: string | null;
  readonly inode: string;
  /** Inodes mean nothing after a boot. */
  readonly boot: string;
}

export interface SavedBefore {
  /** The settings, and the live services that the plan touches, as a configuration. */
  readonly table: Json;
  /** The live services that the files do not manage. */
  readonly foreign: readonly ServiceKey[];
  readonly unmanageable: readonly Unmanageable[];
  /** Where a table in a file has the deleted services, and `SERVICE DESTINATION` of each. */
  readonly places: { readonly [key: string]: Position };
}

/** Ties a saved plan to its live table and its files (`saved` in schemas/plan.schema.json). */
export interface Binding {
  readonly created: string;
  readonly files: readonly SourceFile[];
  /**
   * A digest of each live service and of the settings. Digests show what has changed since, and do
   * not leak the table. `sysctls` has the live values of the sysctls that the plan sets.
   */
  readonly live: {
    readonly services: { readonly [key: string]: string };
    readonly settings: string;
    readonly sysctls?: { readonly [name: string]: string } | undefined;
  };
  /** Absent for a plan that was made for a table in a file. */
  readonly netns?: PlanNamespace | undefined;
  /** The parts of the live table that `ipvstate show` prints. */
  readonly before?: SavedBefore | undefined;
  /** True for a plan that was made with `--ignore-overrides`. */
  readonly ignores_overrides?: boolean | undefined;
  /** The whole desired table, as a configuration. */
  readonly desired: Json;
  /** Digest of the document without this member: a person may have read any part of it. */
  readonly digest: string;
}

export interface SavedDrain {
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
  readonly connections: number;
  /** Plans of earlier releases lack this and the two following members. */
  readonly remembered?: number | undefined;
  readonly linger_seconds?: number | undefined;
  readonly service_leaves?: boolean | undefined;
  readonly seconds_left: number;
  readonly weight: number;
}

/** A destination whose weight an override sets. */
export interface SavedOverride {
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
  readonly weight: number;
  readonly own_weight: number;
  readonly own_weight_from: 'file' | 'table';
  readonly final_weight: number;
  readonly owner: string | null;
  readonly by: string;
  readonly reason: string;
  readonly since: string;
  readonly until: string | null;
}

interface SavedSysctl {
  readonly name: string;
  readonly live: string | null;
  readonly desired: string;
}

/** The parts of the document that a plan is made of again. */
export interface PlanDocument {
  readonly noop: unknown;
  readonly summary: unknown;
  readonly changes: readonly { readonly [key: string]: unknown }[];
  readonly waves: readonly unknown[];
  readonly drains: readonly SavedDrain[];
  readonly overrides: readonly SavedOverride[];
  readonly sysctl_differences: readonly SavedSysctl[];
  readonly warnings: readonly string[];
  readonly saved: Binding;
}

export interface SavedPlan extends Omit<PlanDocument, 'drains'> {
  /** Drains that the plan begins. */
  readonly drains: readonly Drain[];
}

const isAny: Shape<unknown> = (value): value is unknown => value !== undefined;

export const isPosition = objectOf<Position>({ file: isText, line: isCount, column: isCount });

export const isDocument = objectOf<PlanDocument>({
  noop: isAny,
  summary: isAny,
  changes: listOf(isObject),
  waves: listOf(isAny),
  drains: listOf(
    objectOf<SavedDrain>({
      service: isText as Shape<ServiceKey>,
      destination: isText as Shape<DestinationKey>,
      connections: isCount,
      remembered: optional(isCount),
      linger_seconds: optional(isCount),
      service_leaves: optional(isFlag),
      seconds_left: isCount,
      weight: countUpTo(MAX_WEIGHT),
    }),
  ),
  overrides: listOf(
    objectOf<SavedOverride>({
      service: isText as Shape<ServiceKey>,
      destination: isText as Shape<DestinationKey>,
      weight: countUpTo(MAX_WEIGHT),
      own_weight: countUpTo(MAX_WEIGHT),
      own_weight_from: oneOf(['file', 'table']),
      final_weight: countUpTo(MAX_WEIGHT),
      owner: nullable(isText),
      by: isText,
      reason: isText,
      since: isText,
      until: nullable(isTime),
    }),
  ),
  sysctl_differences: listOf(
    objectOf<SavedSysctl>({ name: isText, live: nullable(isText), desired: isText }),
  ),
  warnings: listOf(isText),
  saved: objectOf<Binding>({
    created: isTime,
    files: listOf(objectOf<SourceFile>({ path: isText, sha256: isText })),
    live: objectOf<Binding['live']>({
      services: mapOf(isText),
      settings: isText,
      sysctls: optional(mapOf(isText)),
    }),
    netns: optional(
      objectOf<PlanNamespace>({ name: nullable(isText), inode: isText, boot: isText }),
    ),
    before: optional(
      objectOf<SavedBefore>({
        table: isObject as Shape<Json>,
        foreign: listOf(isText as Shape<ServiceKey>),
        places: mapOf(isPosition),
        unmanageable: listOf(
          objectOf<Unmanageable>({
            service: isText,
            destination: optional(isText),
            reason: isText,
          }),
        ),
      }),
    ),
    ignores_overrides: optional(isFlag),
    desired: isObject as Shape<Json>,
    digest: isText,
  }),
});
