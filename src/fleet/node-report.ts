import type { Position } from '../model/issue.ts';
import {
  isCount,
  isFlag,
  isTextUpTo,
  isTime,
  listOf,
  nullable,
  objectOf,
  oneOf,
  optional,
} from '../model/shape.ts';
import type { FleetFormat } from './document.ts';
import { MAX_FLEET_OVERRIDES, OVERRIDE_STAGES, type ReportedOverride } from './fleet-override.ts';

/** The longest text of a report, in characters. */
export const MAX_TEXT = 1000;
/** The longest reason of an override that is held. There can be many. */
const MAX_WHY = 100;
/** The most sentences about the health. */
const MAX_SENTENCES = 10;

/** The generations of a node. null: none. */
export interface NodeGenerations {
  /** The one that was read last, valid or not. */
  readonly read: number | null;
  /** The last valid one. */
  readonly in_force: number | null;
  /** The one that the live table was last made to match. */
  readonly applied: number | null;
}

/** A failure of a node, with its place in the files. */
interface NodeError {
  readonly message: string;
  readonly position: Position | null;
}

/** The state of a director, as it tells it to the others. Times are by its own clock. */
export interface NodeReport {
  readonly host: string;
  /** The versions of ipvstate, Node.js and the kernel. */
  readonly versions: { readonly ipvstate: string; readonly node: string; readonly kernel: string };
  readonly started: string;
  /** When the report was written. */
  readonly at: string;
  /** True when the daemon was stopped after it. */
  readonly stopped: boolean;
  /** The health of `ipvstate status`. A later version can have others. */
  readonly health: string;
  /** True when the live table is as the generation in force says. */
  readonly healthy: boolean;
  readonly since: string | null;
  readonly why: readonly string[];
  readonly generation: NodeGenerations;
  /** The digest of the live table. null: it is not as desired. */
  readonly table: string | null;
  /** The digest of the live services that the files manage. Earlier versions lack it. */
  readonly services?: string | null | undefined;
  readonly error: NodeError | null;
  /** The plan that a guard holds back. */
  readonly held: { readonly plan: string; readonly changes: number } | null;
  /** The number of destinations whose weights overrides set. */
  readonly overrides: number;
  /** The overrides of the fleet that it knows. Earlier versions lack it. */
  readonly fleet_overrides?: readonly ReportedOverride[] | undefined;
}

const isShortText = isTextUpTo(MAX_TEXT);
const isGeneration = nullable(isCount);

export const NODE_REPORT: FleetFormat<NodeReport> = {
  name: 'ipvstate-node-report',
  maxBytes: 64 * 1024,
  shape: objectOf<NodeReport>({
    host: isShortText,
    versions: objectOf<NodeReport['versions']>({
      ipvstate: isShortText,
      node: isShortText,
      kernel: isShortText,
    }),
    started: isTime,
    at: isTime,
    stopped: isFlag,
    health: isShortText,
    healthy: isFlag,
    since: nullable(isTime),
    why: listOf(isShortText),
    generation: objectOf<NodeGenerations>({
      read: isGeneration,
      in_force: isGeneration,
      applied: isGeneration,
    }),
    table: nullable(isShortText),
    services: optional(nullable(isShortText)),
    error: nullable(
      objectOf<NodeError>({
        message: isShortText,
        position: nullable(
          objectOf<Position>({ file: isShortText, line: isCount, column: isCount }),
        ),
      }),
    ),
    held: nullable(
      objectOf<NonNullable<NodeReport['held']>>({ plan: isShortText, changes: isCount }),
    ),
    overrides: isCount,
    fleet_overrides: optional(
      listOf(
        objectOf<ReportedOverride>({
          id: isShortText,
          revision: isShortText,
          stage: oneOf(OVERRIDE_STAGES),
          why: nullable(isShortText),
        }),
      ),
    ),
  }),
};

/** Cuts the texts of a report to the lengths that its readers take. */
export function shortReport(report: NodeReport): NodeReport {
  const { error } = report;
  return {
    ...report,
    why: report.why.slice(0, MAX_SENTENCES).map((each) => short(each)),
    error: error && {
      message: short(error.message),
      position: error.position && { ...error.position, file: short(error.position.file) },
    },
    fleet_overrides: report.fleet_overrides
      ?.slice(0, MAX_FLEET_OVERRIDES)
      .map((each) => ({ ...each, why: each.why && short(each.why, MAX_WHY) })),
  };
}

function short(text: string, max = MAX_TEXT): string {
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}

/**
 * Tells whether two reports say the same, whenever they were written. The same event can be told
 * with another time, after the clock was set.
 */
export function isSameReport(a: NodeReport, b: NodeReport): boolean {
  const text = (report: NodeReport): string => JSON.stringify({ ...report, at: null, since: null });
  return text(a) === text(b);
}
