import type { Position } from '../../model/issue.ts';
import {
  isCount,
  isFlag,
  isNumber,
  isText,
  isTime,
  listOf,
  nullable,
  objectOf,
  oneOf,
  optional,
  type Shape,
} from '../../model/shape.ts';
import { isHealthTreatment } from '../../render/health.ts';
import {
  DRIFT_MODES,
  type FleetStatus,
  HEALTHS,
  type HeldOverrideStatus,
  type OverrideStatus,
  type PauseStatus,
  type RefusedPartStatus,
  type Status,
  type StatusError,
} from './status.ts';

type Member<Name extends keyof Status> = NonNullable<Status[Name]>;
type Item<Name extends 'files' | 'drains' | 'contested'> = Status[Name][number];
type Refusal = Member<'waiting'>['refusals'][number];

const isError = nullable(
  objectOf<StatusError>({
    since: isText,
    code: isText,
    message: isText,
    hint: nullable(isText),
    position: nullable(objectOf<Position>({ file: isText, line: isCount, column: isCount })),
  }),
);

export const isOverrideStatus = objectOf<OverrideStatus>({
  service: isText,
  destination: isText,
  weight: isCount,
  own_weight: isCount,
  owner: nullable(isText),
  by: isText,
  reason: isText,
  until: nullable(isText),
  note: isText,
});

/** Tells whether the answer of a daemon, which may be of another version, is a status. */
export const isStatus: Shape<Status> = objectOf<Status>({
  format: oneOf(['ipvstate-status']),
  version: oneOf([1]),
  program: objectOf<Status['program']>({ version: isText, pid: isCount, started: isText }),
  health: oneOf(HEALTHS),
  health_since: nullable(isText),
  why: listOf(isText),
  drift: oneOf(DRIFT_MODES),
  files: listOf(
    objectOf<Item<'files'>>({ path: isText, sha256: nullable(isText), problem: nullable(isText) }),
  ),
  config: objectOf<Status['config']>({
    valid: isFlag,
    last_success: nullable(isText),
    services: isCount,
    destinations: isCount,
    error: isError,
  }),
  source: optional(isError),
  error: isError,
  last_pass: nullable(
    objectOf<Member<'last_pass'>>({
      at: isText,
      trigger: isText,
      outcome: isText,
      exit_code: isCount,
      changes: isCount,
      operations: isCount,
      seconds: isNumber,
    }),
  ),
  waiting: nullable(
    objectOf<Member<'waiting'>>({
      plan: isText,
      since: isText,
      refusals: listOf(objectOf<Refusal>({ guard: isText, message: isText, flag: isText })),
      changes: listOf(isText),
    }),
  ),
  unserved: listOf(isText),
  differences: listOf(isText),
  drains: listOf(
    objectOf<Item<'drains'>>({ service: isText, destination: isText, seconds_left: isCount }),
  ),
  contested: listOf(objectOf<Item<'contested'>>({ object: isText, reversals: isCount })),
  refused_parts: optional(
    listOf(objectOf<RefusedPartStatus>({ part: isText, reason: isText, hint: nullable(isText) })),
  ),
  paused: optional(
    nullable(
      objectOf<PauseStatus>({
        who: isText,
        reason: nullable(isText),
        since: isTime,
        until: nullable(isTime),
        seconds_left: nullable(isCount),
        services: nullable(listOf(isText)),
      }),
    ),
  ),
  unserved_by_overrides: optional(listOf(isText)),
  overrides: optional(listOf(isOverrideStatus)),
  fleet: optional(
    nullable(
      objectOf<FleetStatus>({
        node: isText,
        generation: objectOf<FleetStatus['generation']>({
          read: nullable(isCount),
          in_force: nullable(isCount),
          applied: nullable(isCount),
        }),
        error: isError,
        overrides_held: optional(
          listOf(
            objectOf<HeldOverrideStatus>({
              service: nullable(isText),
              destination: isText,
              why: isText,
            }),
          ),
        ),
        overrides_unknown: optional(nullable(isText)),
      }),
    ),
  ),
  health_effects: optional(listOf(isHealthTreatment)),
  watch: objectOf<Status['watch']>({ mode: isText, reason: nullable(isText) }),
});
