import type { ApiFleet } from '../../api/documents.ts';

/*
 * The members of schemas/fleet.schema.json that the page shows. Another version of ipvstate may
 * have written the report of a director.
 */

export interface NodeDocument {
  readonly node: string;
  readonly state: 'reporting' | 'stopped' | 'away' | 'never-reported';
  readonly daemons: readonly { readonly host: string | null }[];
  readonly has_current: boolean;
  readonly problem: string | null;
  readonly last_report: string | null;
  readonly host: string | null;
  readonly versions: { readonly ipvstate: string } | null;
  readonly health: string | null;
  readonly healthy: boolean | null;
  readonly health_since: string | null;
  readonly why: readonly string[];
  readonly generation: { readonly read: number | null; readonly applied: number | null } | null;
  readonly error: {
    readonly message: string;
    readonly position: {
      readonly file: string;
      readonly line: number;
      readonly column: number;
    } | null;
  } | null;
  readonly held: { readonly plan: string; readonly changes: number } | null;
  readonly overrides: number | null;
}

export interface WaveDocument {
  readonly nodes: readonly string[];
  readonly open: boolean;
  readonly soaked: readonly string[];
  readonly failed: readonly string[];
  readonly missing: readonly string[];
}

export interface RolloutDocument {
  readonly generation: number;
  readonly state: 'running' | 'halted' | 'done';
  readonly halt: string | null;
  readonly base: number | null;
  readonly max_failed: number;
  readonly waves: readonly WaveDocument[];
}

export interface OverrideDocument {
  readonly id: string;
  readonly problem: string | null;
  readonly service: string | null;
  readonly destination: string | null;
  readonly weight: number | null;
  readonly by: string | null;
  readonly reason: string | null;
  readonly until: string | null;
  readonly nodes: readonly {
    readonly node: string;
    readonly stage: 'in-effect' | 'held' | 'over' | 'unknown';
    readonly why: string | null;
  }[];
}

export interface FleetDocument {
  readonly prefix: string;
  readonly current: number;
  readonly rollout: RolloutDocument | null;
  readonly overrides: readonly OverrideDocument[];
  readonly nodes: readonly NodeDocument[];
}

/** The document of /api/v1/fleet. */
export type FleetAnswer = Omit<ApiFleet, 'fleet'> & { readonly fleet: FleetDocument | null };
