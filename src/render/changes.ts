import { type DrainKey, drainKey } from '../model/drain.ts';
import type { Counters } from '../model/ipvs.ts';
import type { Position } from '../model/issue.ts';
import { isUdpService, type ServiceKey } from '../model/service.ts';
import {
  type Action,
  type Change,
  changeAction,
  type Summary,
  summarize,
  type Tally,
} from '../plan/change.ts';
import type { Drain } from '../plan/drain.ts';
import { changeFields, fieldChanges, formatFieldValue } from '../plan/fields.ts';
import { type Impact, impactOf } from '../plan/impact.ts';
import type { OverrideNote } from '../plan/overrides.ts';
import type { SysctlDifference } from '../plan/sysctls.ts';
import { countOf } from './count-of.ts';
import { describeAdded } from './describe.ts';
import { drainNote } from './drains.ts';
import { describeOverride } from './overrides.ts';
import { PLAIN, type Style } from './style.ts';

export interface ChangesContext {
  readonly counters: Counters;
  /** Names of services in the configuration. */
  readonly names?: ReadonlyMap<ServiceKey, string>;
  /** Finds the place in the configuration that a change comes from. */
  readonly locate?: (change: Change) => Position | undefined;
  readonly style?: Style;
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
  const lines: string[] = [];
  let heading: ServiceKey | undefined;
  for (const change of changes) {
    if (change.object === 'service') heading = change.service;
    if (change.object === 'destination' && change.service !== heading) {
      heading = change.service;
      lines.push(`  ${serviceTitle(change.service, context)}${leavingNote(change, context)}`);
    }
    lines.push(...formatChange(change, context));
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** Note for a service that has no change of its own yet: it is deleted after its destinations. */
function leavingNote(
  { service, destination }: Extract<Change, { object: 'destination' }>,
  { drains, style = PLAIN }: ChangesContext,
): string {
  const isLeaving = drains?.get(drainKey(service, destination))?.leaving;
  return isLeaving ? style.faint('  removed: deleted with the last of its destinations') : '';
}

function formatChange(change: Change, context: ChangesContext): string[] {
  const { style = PLAIN } = context;
  const action = changeAction(change);
  const paint = action === 'add' ? style.add : action === 'delete' ? style.remove : style.edit;
  const { before, after } = changeFields(change);
  const indent = change.object === 'destination' ? '    ' : '';
  const title = `${indent}${paint(SIGNS[action])} ${titleOf(change, context)}`;
  const notes = [
    ...deletedWith(change),
    ...connectionNote(change, context),
    ...overrideNote(change, context),
  ];
  // The place of a service is enough to find its destinations.
  const place = change.object === 'destination' ? undefined : context.locate?.(change);
  const tail = [...notes, ...(place ? [`${place.file}:${place.line}`] : [])]
    .map((note) => style.faint(`  ${note}`))
    .join('');

  if (!after) return [title + tail];
  if (!before) return [`${title}  ${describeAdded(change)}${tail}`];
  const edits = fieldChanges(before, after).map(({ field, ...edit }) => {
    const values = [edit.before, edit.after].map((value) => formatFieldValue(field, value));
    return `${change.object === 'sysctl' ? '' : `${field} `}${values.join(' -> ')}`;
  });
  return [`${title}  ${edits.join(', ')}${tail}`];
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
