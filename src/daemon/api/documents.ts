import { CHECK_STATES } from '../../render/health.ts';
import type { Json } from '../../render/json.ts';
import type { ConnectionsJson, RatesJson, TotalsJson } from '../../render/top/top-json.ts';
import type { OverrideStatus, Status } from '../status/status.ts';

/*
 * The documents of /api/v1 and /events. Their schemas are in schemas/api-*.schema.json. Texts in
 * them are as files and operators wrote them: whoever shows them makes them printable.
 */

/** The states of a service, the worst first. */
export const SERVICE_STATES = [
  /** It has usable destinations in the files and none in the kernel. */
  'unserved',
  /** A guard holds a change of it back. */
  'held',
  /** The kernel refuses it. */
  'refused',
  /** More of its destinations are unhealthy than may be taken out. */
  'panic',
  /** Another program keeps changing it, and it is left alone. */
  'contested',
  /** It differs from the files. */
  'drifted',
  /** Nobody knows whether it is as the files say. */
  'unknown',
  /** Unhealthy destinations of it are out, or a fallback takes its traffic. */
  'unhealthy',
  /** It is paused, alone or with everything else. */
  'paused',
  /** Some of its destinations were removed, and are kept for their connections. */
  'draining',
  /** Overrides set weights of it. */
  'overridden',
  /** No file has it, and it is left alone. */
  'foreign',
  'ok',
] as const;

export type ServiceState = (typeof SERVICE_STATES)[number];

/** The states of a destination: those of its service that can be about it alone. */
export const DESTINATION_STATES = [
  ...(['held', 'panic', 'contested', 'drifted', 'unknown', 'unhealthy'] as const),
  ...(['draining', 'overridden', 'ok'] as const),
] satisfies readonly ServiceState[];

export type DestinationState = (typeof DESTINATION_STATES)[number];

/** A command that helps in the present state. */
export interface Help {
  readonly command: string;
  /** Says what the command does. */
  readonly text: string;
}

/** Something that `ipvstate doctor` warns of. */
export interface DoctorWarning {
  readonly level: string;
  readonly title: string;
  readonly hint: string | null;
}

/** The document of /api/v1/status. */
export interface ApiStatus {
  readonly format: 'ipvstate-api-status';
  readonly version: 1;
  /** When it was made, in ISO 8601, as all times are. */
  readonly at: string;
  /** The name of the machine. */
  readonly host: string;
  readonly status: Status;
  readonly help: readonly Help[];
  /** The first lines of the plan that a guard holds back, as `ipvstate plan` prints them. */
  readonly waiting_plan: readonly string[] | null;
  /** The errors of the files with their source lines, as `ipvstate validate` prints them. */
  readonly error_excerpt: readonly string[] | null;
  /** The try that waits to be confirmed. */
  readonly try: {
    readonly until: string;
    readonly seconds_left: number;
    readonly command: string;
  } | null;
  /** null: not known yet. */
  readonly doctor: readonly DoctorWarning[] | null;
  /** A sentence for each part of this document that is not known, because a read failed. */
  readonly problems: readonly string[];
}

/** Rates over the last 15 minutes, while somebody looked at them. */
export interface Plot {
  readonly interval_seconds: number;
  /** Per second, one value for each interval, the newest last. null: nobody looked then. */
  readonly connections: readonly (number | null)[];
  /** In and out together. */
  readonly bytes: readonly (number | null)[];
}

interface Traffic {
  readonly connections: ConnectionsJson;
  readonly rates: RatesJson;
  readonly totals: TotalsJson;
}

export interface ServiceSummary extends Traffic {
  /** Its address, which identifies it. */
  readonly service: string;
  readonly name: string | null;
  readonly scheduler: string;
  /** Such as `10m per /24`; null when clients are not persistent. */
  readonly persistence: string | null;
  /** The worst of what is true of it. */
  readonly state: ServiceState;
  /** Sentences about the state, the worst first. */
  readonly notes: readonly string[];
  /** Where the files declare it. */
  readonly source: { readonly file: string; readonly line: number } | null;
  /** False when the kernel does not have it. */
  readonly live: boolean;
  /** The number of live destinations, and of those that take new connections. */
  readonly destinations: number;
  readonly usable: number;
  /** null: no rates are known. Absent in an event: as it was in the last one that had it. */
  readonly plot?: Plot | null;
  /** Only when this one service was asked for. */
  readonly destinations_list?: readonly DestinationDetails[];
}

export interface DestinationDetails extends Traffic {
  readonly destination: string;
  readonly forward: string;
  /** False when the kernel does not have it. */
  readonly live: boolean;
  readonly weight: {
    /** null when the kernel does not have it. */
    readonly live: number | null;
    /** null when no file says one, or when another program owns it. */
    readonly desired: number | null;
  };
  /** Its share of the service's connections per second, or of its active ones, from 0 to 1. */
  readonly share: number;
  readonly state: DestinationState;
  readonly notes: readonly string[];
  readonly drain: { readonly seconds_left: number } | null;
  readonly override: OverrideStatus | null;
  /**
   * null: it is not checked, and takes the place of no other destination. Earlier versions lack it.
   */
  readonly health?: DestinationHealthDetails | null | undefined;
  readonly contested: boolean;
}

/** The states of a destination for its checks. */
export const DESTINATION_HEALTHS = [
  ...CHECK_STATES,
  /** It takes the traffic, because no other destination is usable. */
  'fallback',
] as const;

/** The health of a destination, as its checks found it. */
export interface DestinationHealthDetails {
  readonly state: (typeof DESTINATION_HEALTHS)[number];
  /** The last answer in words. null: there was none. */
  readonly reason: string | null;
  /** null: it is a fallback without checks. */
  readonly since: string | null;
  /** The state in a sentence, with what it does to the weight. */
  readonly text: string;
}

/** The document of /api/v1/services. */
export interface ApiServices {
  readonly format: 'ipvstate-api-services';
  readonly version: 1;
  /** When the kernel was read. null: it could not be read yet. */
  readonly at: string | null;
  /** True when the last read failed: the numbers are those of the time `at`. */
  readonly stale: boolean;
  /** Why the last read failed. */
  readonly reason: string | null;
  /** The time between two reads while somebody looks. It is longer for a large table. */
  readonly interval_seconds: number;
  readonly services: readonly ServiceSummary[];
  /** Only in events after the first: the services are those that changed, and these are gone. */
  readonly removed?: readonly string[];
}

/** The document of /api/v1/fleet. */
export interface ApiFleet {
  readonly format: 'ipvstate-api-fleet';
  readonly version: 1;
  /** When the fleet was read. null: it could not be read yet. */
  readonly at: string | null;
  /** True when the last read failed: the fleet is that of the time `at`. */
  readonly stale: boolean;
  /** The reason that the last read failed, and since when reads fail. */
  readonly reason: string | null;
  readonly since: string | null;
  /** The time between two reads while somebody looks. It is longer for a large fleet. */
  readonly interval_seconds: number;
  /** The address of the configuration, for command lines. */
  readonly address: string;
  /** The name of the director that answers. null: it has none. */
  readonly node: string | null;
  /** The document that `ipvstate fleet status -o json` prints. null: not read yet. */
  readonly fleet: Json;
}
