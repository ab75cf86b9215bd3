import {
  type FleetOverride,
  type FleetOverrideEntry,
  type OverrideOnNode,
  overrideOn,
} from '../fleet/fleet-override.ts';
import type { FleetNode } from '../fleet/nodes.ts';
import { printable } from '../model/printable.ts';
import { countOf } from './count-of.ts';
import { wrapHanging } from './explain/wrap.ts';
import type { Json } from './json.ts';
import { describeTarget } from './override-report.ts';
import { listOf } from './rollout.ts';
import { formatUtc } from './utc.ts';

/** Formats the overrides of a fleet, and where they are not in effect. */
export function formatFleetOverrides(
  overrides: readonly FleetOverrideEntry[],
  nodes: readonly FleetNode[],
  columns = 80,
): string {
  return overrides
    .flatMap((each) => describeEntry(each, nodes))
    .flatMap((text) => wrapHanging(printable(text), columns, '      '))
    .map((line) => `${line}\n`)
    .join('');
}

function describeEntry(entry: FleetOverrideEntry, nodes: readonly FleetNode[]): string[] {
  const { id, override, problem } = entry;
  if (!override) return [`An override of the fleet, ${id}, is not in effect: ${problem}`];
  const effects = nodes.map((node) => overrideOn(node, entry));
  const there = effects.filter(({ stage }) => stage === 'in-effect').length;
  return [
    `${describeTarget(override)}: ${describeWord(override)}`,
    `  in effect on ${there} of ${countOf(nodes.length, 'director')}`,
    ...groupsOf(effects).map(([why, names]) => `  not on ${listOf(names)}: ${why}`),
  ];
}

/** Formats `weight 0 by alice@ci until 2026-11-30 16:30:00Z: kernel upgrade`. */
function describeWord({ weight, by, until, reason }: FleetOverride): string {
  const end = until === null ? 'without end' : `until ${formatUtc(until)}`;
  return `weight ${weight} by ${by} ${end}${reason === '' ? '' : `: ${reason}`}`;
}

/** Joins the directors that lack an override for one reason. */
function groupsOf(effects: readonly OverrideOnNode[]): [string, string[]][] {
  const groups = new Map<string, string[]>();
  for (const { node, stage, why = 'not yet' } of effects) {
    if (stage === 'in-effect') continue;
    const text = stage === 'over' ? 'its time is over there' : why;
    const names = groups.get(text) ?? [];
    names.push(node);
    groups.set(text, names);
  }
  return [...groups];
}

export function fleetOverrideJson(entry: FleetOverrideEntry, nodes: readonly FleetNode[]): Json {
  const { id, override, problem = null } = entry;
  return {
    id,
    problem,
    service: override?.service ?? null,
    destination: override?.destination ?? null,
    weight: override?.weight ?? null,
    by: override?.by ?? null,
    reason: override?.reason ?? null,
    since: override?.since ?? null,
    until: override?.until ?? null,
    nodes: nodes.map((node) => {
      const { stage, why = null } = overrideOn(node, entry);
      return { node: node.name, stage, why };
    }),
  };
}
