import type { Desired } from '../model/desired.ts';
import { type DrainKey, drainKey } from '../model/drain.ts';
import type { Counters } from '../model/ipvs.ts';
import type { Position } from '../model/issue.ts';
import { isUdpService, type ServiceKey } from '../model/service.ts';
import { sortedDestinations } from '../model/table.ts';
import {
  type Action,
  type Change,
  changeAction,
  type Summary,
  summarize,
  type Tally,
} from '../plan/change.ts';
import type { Drain } from '../plan/drain/drain.ts';
import { changeFields, fieldChanges, formatFieldValue } from '../plan/fields.ts';
import { type Impact, impactOf } from '../plan/impact.ts';
import type { OverrideNote } from '../plan/overrides/overrides.ts';
import type { SysctlDifference } from '../plan/sysctls.ts';
import { countOf } from './count-of.ts';
import { describeDestination, describeObject } from './describe.ts';
import { drainNote } from './drains.ts';
import { formatFileLine } from './issues.ts';
import { describeOverride } from './overrides.ts';
import { PLAIN, type Style } from './style.ts';

export interface ChangesContext {
  readonly counters: Counters;
  /** Names of services in the configuration. */
  readonly names?: ReadonlyMap<ServiceKey, string>;
  /** Finds the place in the configuration that a change comes from. */
  readonly locate?: (change: Change) => Position | undefined;
  /** Finds the place in a saved table where a live object was written. */
  readonly locateLive?: Desired['locate'];
  readonly style?: Style;
  /** So many changes are shown, and the sum of the others. Without it, all are shown. */
  readonly mostChanges?: number;
  /** Destinations that drain before they are deleted. */
  readonly drains?: ReadonlyMap<DrainKey, Drain>;
  /** Destinations whose weights overrides set. */
  readonly overrides?: ReadonlyMap<DrainKey, OverrideNote>;
  /** Live services that the configuration does not manage. */
  readonly foreign?: ReadonlySet<ServiceKey>;
  /** Sysctls that differ and are only checked. */
  readonly sysctlDifferences?: readonly SysctlDifference[];
  /** Sentences about settings that work against the plan. */
  readonly warnings?: readonly string[];
}

const SIGNS: Readonly<Record<Action, string>> = { add: '+', edit: '~', delete: '-', replace: '~' };

/** Formats changes: `+` adds, `~` edits, `-` deletes. Destinations are indented below services. */
export function formatChanges(changes: readonly Change[], context: ChangesContext): string {
  return [...piecesOfChanges(changes, context)].join('');
}

/** The length of a piece, about that of a pipe. */
const PIECE_LENGTH = 65_536;

/** Formats changes as `formatChanges` does, in pieces: the text of a large plan has megabytes. */
export function* piecesOfChanges(
  changes: readonly Change[],
  context: ChangesContext,
): Generator<string> {
  const { mostChanges = changes.length } = context;
  let piece = '';
  let heading: ServiceKey | undefined;
  for (const change of changes.slice(0, mostChanges)) {
    if (change.object === 'service') heading = change.service;
    if (change.object === 'destination' && change.service !== heading) {
      heading = change.service;
      piece += `  ${serviceTitle(change.service, context)}${leavingNote(change, context)}\n`;
    }
    for (const line of formatChange(change, context)) piece += `${line}\n`;
    for (const line of lostDestinations(change, context)) piece += `${line}\n`;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  const others = changes.slice(mostChanges);
  if (others.length > 0) piece += `  and more, which -v shows: ${formatSummary(others)}\n`;
  if (piece !== '') yield piece;
}

/** Note for a service that has no change of its own yet: it is deleted after its destinations. */
function leavingNote(
  { service, destination }: Extract<Change, { object: 'destination' }>,
  { drains, style = PLAIN }: ChangesContext,
): string {
  const isLeaving = drains?.get(drainKey(service, destination))?.leaving;
  return isLeaving ? style.faint('  removed: deleted with the last of its destinations') : '';
}

/** Columns of a terminal that everybody has. */
const MAX_COLUMNS = 80;

/**
 * Formats a change in one line. Each of several fields has a line: those of a service, and those of
 * a destination that do not fit one. Notes may follow.
 */
function formatChange(change: Change, context: ChangesContext): string[] {
  const { style = PLAIN } = context;
  const action = changeAction(change);
  const indent = change.object === 'destination' ? '    ' : '';
  const title = `${indent}${painter(action, style)(SIGNS[action])} ${titleOf(change, context)}`;
  // Most lines of a large plan. A new destination has no connections, and no place of its own.
  if (
    change.object === 'destination' &&
    change.after &&
    !change.before &&
    !context.overrides?.size &&
    !context.drains?.size
  )
    return [`${title}  ${describeDestination(change.after)}`];
  const details = detailsOf(change);
  const notes = [...deletedWith(change), ...connectionNote(change, context)];
  const below = overrideNote(change, context).map((note) => `${indent}    ${style.faint(note)}`);
  const where = placeOf(change, context);
  const faint = (texts: readonly string[]) =>
    texts.map((text) => style.faint(`  ${text}`)).join('');
  const together = details.map(({ field, text }) => `${field} ${text}`.trim()).join(', ');
  const inOneLine = `${title}${together && `  ${together}`}${faint([...notes, ...where])}`;
  if (details.length < 2) return [inOneLine, ...below];
  // Most edited destinations have few fields, and there are many destinations.
  if (change.object === 'destination') {
    const shown = `${indent}~ ${titleOf(change, { ...context, style: PLAIN })}  ${together}`;
    if (shown.length <= MAX_COLUMNS) return [inOneLine, ...below];
  }
  const width = details.reduce((widest, { field }) => Math.max(widest, field.length), 0);
  return [
    title + faint(where),
    ...details.map(({ field, text }) => `${indent}      ${field.padEnd(width)}  ${text}`),
    ...notes.map((note) => `${indent}    ${faint([note])}`),
    ...below,
  ];
}

function painter(action: Action, style: Style): (text: string) => string {
  return action === 'add' ? style.add : action === 'delete' ? style.remove : style.edit;
}

/** A setting that changes; without a field, the whole object in a few words. */
interface Detail {
  readonly field: string;
  readonly text: string;
}

/** Settings of an added object or a deleted service, or the fields of an edit. */
function detailsOf(change: Change): Detail[] {
  // A large plan mostly adds. Only an edit needs the fields of both sides.
  if (change.object === 'destination' && !(change.before && change.after))
    return change.after ? [{ field: '', text: describeDestination(change.after) }] : [];
  const { before, after } = changeFields(change);
  if (!after && change.object !== 'service') return [];
  if (!before || !after) return [{ field: '', text: describeObject(change) }];
  return fieldChanges(before, after).flatMap(({ field, ...edit }) => {
    const [from, to] = [edit.before, edit.after].map((value) => formatFieldValue(field, value));
    // A destination without a tunnel has no checksum: `none` as well.
    if (from === to) return [];
    return [{ field: change.object === 'sysctl' ? '' : field, text: `${from} -> ${to}` }];
  });
}

/** The place in a file that a change comes from or, for a deletion, the place that it was in. */
function placeOf(change: Change, { locate, locateLive }: ChangesContext): string[] {
  // The place of a service is enough to find its destinations.
  if (change.object === 'destination') return [];
  const isGone = change.object === 'service' && !change.after;
  return formatPlace(isGone ? locateLive?.(change.service) : locate?.(change));
}

function formatPlace(position: Position | undefined): string[] {
  return position ? [formatFileLine(position)] : [];
}

/** The destinations of a deleted service, which have no changes of their own. */
function lostDestinations(change: Change, { locateLive, style = PLAIN }: ChangesContext): string[] {
  if (change.object !== 'service' || change.after) return [];
  return (change.before ? sortedDestinations(change.before) : []).map((destination) => {
    const [where = ''] = formatPlace(locateLive?.(change.service, destination.key));
    const note = where && style.faint(`  ${where}`);
    return `    ${style.remove('-')} ${destination.key}  ${describeDestination(destination)}${note}`;
  });
}

function titleOf(change: Change, context: ChangesContext): string {
  switch (change.object) {
    case 'service':
      return serviceTitle(change.service, context);
    case 'destination':
      return change.destination;
    case 'sysctl':
      return `sysctl ${change.name}`;
    case 'timeouts':
      return 'timeouts';
    case 'daemon': {
      const note = changeAction(change) === 'replace' ? ' (stop and start)' : '';
      return `${change.role} sync daemon${note}`;
    }
    default:
      return change satisfies never;
  }
}

function serviceTitle(service: ServiceKey, { names, style = PLAIN }: ChangesContext): string {
  const name = names?.get(service);
  return style.strong(service) + (name === undefined ? '' : ` "${name}"`);
}

function deletedWith(change: Change): string[] {
  if (change.object !== 'service' || change.after) return [];
  const count = change.before?.destinations.size ?? 0;
  return [count === 0 ? 'it has no destinations' : `with its ${countOf(count, 'destination')}`];
}

function connectionNote(change: Change, { counters, drains }: ChangesContext): string[] {
  const impact = impactNote(change, impactOf(change, counters));
  const drain =
    change.object === 'destination' && drains?.size
      ? drains.get(drainKey(change.service, change.destination))
      : undefined;
  return drain ? [[...impact, drainNote(drain)].join('; ')] : impact;
}

/** Note about the override that sets a weight, for a destination that stays. */
function overrideNote(change: Change, { overrides }: ChangesContext): string[] {
  if (change.object !== 'destination' || !overrides?.size) return [];
  const note = overrides.get(drainKey(change.service, change.destination));
  return note ? [describeOverride(note)] : [];
}

/** Notes about connections that a change cuts, drains or delays. */
function impactNote(change: Change, impact: Impact): string[] {
  const isUdp = 'service' in change && isUdpService(change.service);
  const connections = (count: number): string =>
    countOf(count, isUdp ? 'flow' : 'active connection');
  switch (impact.kind) {
    case 'none':
      return [];
    case 'new-connections-wait':
      return ['new connections wait for some milliseconds'];
    case 'drain':
      return [`drains ${connections(impact.connections)}`];
    case 'cut':
      return [`cuts ${connections(impact.connections)}`];
    default:
      return impact satisfies never;
  }
}

/** Formats a sum such as `1 service to add, 2 destinations to edit`. */
export function formatSummary(changes: readonly Change[]): string {
  const summary: Summary = summarize(changes);
  const parts = [
    ...tallyParts(summary.services, 'service', 'services'),
    ...tallyParts(summary.destinations, 'destination', 'destinations'),
    ...tallyParts(summary.settings, 'setting', 'settings'),
  ];
  return parts.length === 0 ? 'no changes' : parts.join(', ');
}

function tallyParts(tally: Tally, one: string, many: string): string[] {
  return (['add', 'edit', 'replace', 'delete'] as const)
    .filter((action) => tally[action] > 0)
    .map((action) => `${tally[action]} ${tally[action] === 1 ? one : many} to ${action}`);
}
