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
import type { ConnectionsJson, RatesJson, TotalsJson } from '../../render/top/top-json.ts';
import { isOverrideStatus, isStatus } from '../status/parse-status.ts';
import {
  type ApiServices,
  type ApiStatus,
  DESTINATION_HEALTHS,
  DESTINATION_STATES,
  type DestinationDetails,
  type DoctorWarning,
  type Help,
  type Plot,
  SERVICE_STATES,
  type ServiceSummary,
} from './documents.ts';

/* The answers of a daemon, which may be of another version. */

type Member<T, Name extends keyof T> = NonNullable<T[Name]>;

/** Tells whether a value is the document of /api/v1/status. */
export const isApiStatus: Shape<ApiStatus> = objectOf<ApiStatus>({
  format: oneOf(['ipvstate-api-status']),
  version: oneOf([1]),
  at: isTime,
  host: isText,
  status: isStatus,
  help: listOf(objectOf<Help>({ command: isText, text: isText })),
  waiting_plan: nullable(listOf(isText)),
  error_excerpt: nullable(listOf(isText)),
  try: nullable(
    objectOf<Member<ApiStatus, 'try'>>({ until: isTime, seconds_left: isCount, command: isText }),
  ),
  doctor: nullable(
    listOf(objectOf<DoctorWarning>({ level: isText, title: isText, hint: nullable(isText) })),
  ),
  problems: listOf(isText),
});

const isTraffic = {
  connections: objectOf<ConnectionsJson>({
    active: isCount,
    inactive: isCount,
    persistent: isCount,
  }),
  rates: objectOf<RatesJson>({
    connections: isNumber,
    in_packets: isNumber,
    out_packets: isNumber,
    in_bytes: isNumber,
    out_bytes: isNumber,
  }),
  totals: objectOf<TotalsJson>({
    connections: isText,
    in_packets: isText,
    out_packets: isText,
    in_bytes: isText,
    out_bytes: isText,
  }),
};

const isDestination = objectOf<DestinationDetails>({
  ...isTraffic,
  destination: isText,
  forward: isText,
  live: isFlag,
  weight: objectOf<DestinationDetails['weight']>({
    live: nullable(isCount),
    desired: nullable(isCount),
  }),
  share: isNumber,
  state: oneOf(DESTINATION_STATES),
  notes: listOf(isText),
  drain: nullable(objectOf<Member<DestinationDetails, 'drain'>>({ seconds_left: isCount })),
  override: nullable(isOverrideStatus),
  health: optional(
    nullable(
      objectOf<Member<DestinationDetails, 'health'>>({
        state: oneOf(DESTINATION_HEALTHS),
        reason: nullable(isText),
        since: nullable(isTime),
        text: isText,
      }),
    ),
  ),
  contested: isFlag,
});

const isPlot = objectOf<Plot>({
  interval_seconds: isCount,
  connections: listOf(nullable(isNumber)),
  bytes: listOf(nullable(isNumber)),
});

const isService = objectOf<ServiceSummary>({
  ...isTraffic,
  service: isText,
  name: nullable(isText),
  scheduler: isText,
  persistence: nullable(isText),
  state: oneOf(SERVICE_STATES),
  notes: listOf(isText),
  source: nullable(objectOf<Member<ServiceSummary, 'source'>>({ file: isText, line: isCount })),
  live: isFlag,
  destinations: isCount,
  usable: isCount,
  plot: optional(nullable(isPlot)),
  destinations_list: optional(listOf(isDestination)),
});

/** Tells whether a value is the document of /api/v1/services. */
export const isApiServices: Shape<ApiServices> = objectOf<ApiServices>({
  format: oneOf(['ipvstate-api-services']),
  version: oneOf([1]),
  at: nullable(isTime),
  stale: isFlag,
  reason: nullable(isText),
  interval_seconds: isNumber,
  services: listOf(isService),
  removed: optional(listOf(isText)),
});
