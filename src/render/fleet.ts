import type { FleetOverrideEntry } from '../fleet/fleet-override.ts';
import { type FleetNode, hasGeneration } from '../fleet/nodes.ts';
import type { RolloutState } from '../fleet/rollout.ts';
import { printable } from '../model/printable.ts';
import { countOf } from './count-of.ts';
import { wrapHanging } from './explain/wrap.ts';
import { fleetOverrideJson, formatFleetOverrides } from './fleet-overrides.ts';
import { formatFileLine } from './issues.ts';
import { formatJson, type Json } from './json.ts';
import { describeRollout, listOf, rolloutJson } from './rollout.ts';
import { formatUtc } from './utc.ts';

interface FleetView {
  readonly prefix: string;
  /** The generation that was pushed last. */
  readonly current: number;
  readonly nodes: readonly FleetNode[];
  /** undefined: all directors may have it at once. */
  readonly rollout: RolloutState | undefined;
  readonly overrides: readonly FleetOverrideEntry[];
}

/** Every output format of a fleet. */
export const FLEET_FORMATS = {
  text: formatFleet,
  json: (view: FleetView): string => formatJson(fleetJson(view)),
};

/** The document of a fleet. */
export function fleetJson({ prefix, current, nodes, rollout, overrides }: FleetView): Json {
  return {
    format: 'ipvstate-fleet',
    version: 1,
    ...{ prefix, current },
    rollout: rollout ? rolloutJson(rollout) : null,
    overrides: overrides.map((each) => fleetOverrideJson(each, nodes)),
    nodes: nodes.map((node) => nodeJson(node, current)),
  };
}

/** The states of a node's connection to its fleet. */
type NodeStateName = 'reporting' | 'stopped' | 'away' | 'never-reported';

function stateOf({ isReporting, report, problem }: FleetNode): NodeStateName {
  if (isReporting) return 'reporting';
  if (!report && problem === undefined) return 'never-reported';
  return report?.stopped ? 'stopped' : 'away';
}

function nodeJson(node: FleetNode, current: number): Json {
  const { name, report, progress, problem = null } = node;
  return {
    node: name,
    state: stateOf(node),
    daemons: node.daemons.map(({ host = null }) => ({ host })),
    has_current: hasGeneration(node, current),
    problem,
    last_report: report?.at ?? null,
    host: report?.host ?? null,
    versions: report ? { ...report.versions } : null,
    started: report?.started ?? null,
    health: report?.health ?? null,
    healthy: report?.healthy ?? null,
    health_since: report?.since ?? null,
    why: report?.why ?? [],
    generation: report ? { ...report.generation } : null,
    table: report?.table ?? null,
    error: report?.error
      ? {
          message: report.error.message,
          position: report.error.position ? { ...report.error.position } : null,
        }
      : null,
    held: report?.held ? { ...report.held } : null,
    overrides: report?.overrides ?? null,
    rollout: progress ? { ...progress } : null,
  };
}

const MAX_NAME_WIDTH = 24;

function formatFleet({ current, nodes, rollout, overrides }: FleetView, columns = 80): string {
  const longest = Math.max(0, ...nodes.map(({ name }) => name.length));
  const width = Math.min(MAX_NAME_WIDTH, longest) + 2;
  const lines = nodes.flatMap((node) => {
    const [first = '', ...others] = describeNode(node, current);
    const texts = [first, ...describeNamesakes(node), ...others];
    return texts.flatMap((text, index) => {
      const name = (index === 0 ? node.name : '').padEnd(width - 2);
      return wrapHanging(printable(`${name}  ${text}`), columns, ' '.repeat(width + 2));
    });
  });
  const ofRollout = rollout ? describeRollout(rollout) : [];
  const others = [...ofRollout, summaryOf(current, nodes)].flatMap((text) =>
    wrapHanging(printable(text), columns, '    '),
  );
  const drains = formatFleetOverrides(overrides, nodes, columns);
  const text = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');
  return [
    text(lines),
    drains === '' ? '' : `Overrides of the fleet:\n${drains}`,
    text(others),
  ].join('');
}

/** The form of the names of health. A later version can have others than this one. */
const HEALTH_FORM = /^[a-z-]{1,20}$/;

/** The most characters of a text among the facts of a line. Names of health have fewer. */
const MAX_FACT = 20;

/** Cuts a text, so that facts after it are seen. */
function short(text: string): string {
  return text.length > MAX_FACT ? `${text.slice(0, MAX_FACT - 1)}…` : text;
}

/** Describes a node: its health and generation, and then what is wrong, each in a line. */
function describeNode(node: FleetNode, current: number): string[] {
  const { report, problem } = node;
  const state = stateOf(node);
  if (problem !== undefined) return [`${state}, but its report cannot be read: ${problem}`];
  if (!report) return [node.isReporting ? 'has no report' : 'has never reported'];
  const { at, health, healthy, since, generation, held, overrides, why, error } = report;
  const away = {
    reporting: '',
    stopped: `stopped since ${formatUtc(at)}, before that `,
    away: `away, last report of ${formatUtc(at)}: `,
  }[state as Exclude<NodeStateName, 'never-reported'>];
  const word = HEALTH_FORM.test(health) ? health : `unknown ("${short(health)}")`;
  const facts = [
    healthy || since === null ? word : `${word} since ${formatUtc(since)}`,
    describeGeneration(generation, current),
    ...(overrides > 0 ? [countOf(overrides, 'override')] : []),
    ...(held ? [`plan ${short(held.plan)} is held back: ${countOf(held.changes, 'change')}`] : []),
  ];
  const place = error?.position;
  const at_ = place ? `${formatFileLine(place)}:${place.column}: ` : '';
  const reasons = error && !why.includes(error.message) ? [...why, at_ + error.message] : why;
  return [`${away}${facts.join(', ')}`, ...reasons];
}

/** Two daemons of one name overwrite the reports of each other: nobody knows about both. */
function describeNamesakes({ daemons }: FleetNode): string[] {
  if (daemons.length < 2) return [];
  const machines = listOf(daemons.map(({ host = 'an unknown machine' }) => host));
  return [
    `${daemons.length} daemons report under this name: on ${machines}`,
    'Give each director a --node of its own. One that crashed is gone after 15 seconds.',
  ];
}

function describeGeneration(
  { read, applied }: NonNullable<FleetNode['report']>['generation'],
  current: number,
): string {
  const has = applied === null ? 'no generation' : `generation ${applied}`;
  return read !== null && read !== applied && read <= current ? `${has}, has read ${read}` : has;
}

function summaryOf(current: number, nodes: readonly FleetNode[]): string {
  const there = nodes.filter((node) => hasGeneration(node, current)).length;
  const verb = there === 1 ? 'has' : 'have';
  return `Generation ${current}: ${there} of ${countOf(nodes.length, 'director')} ${verb} it.`;
}
