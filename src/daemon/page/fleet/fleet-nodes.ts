import { countOf } from '../../../render/count-of.ts';
import { formatPlace } from '../../status/status-text.ts';
import { compareTexts } from '../listing.ts';
import { type Tone, toneOf } from '../states.ts';
import type { FleetDocument, NodeDocument, RolloutDocument } from './fleet-documents.ts';

/** A director as a row of the list. */
export interface NodeRow {
  readonly node: NodeDocument;
  /** The worst of what is true of it, in one word. */
  readonly state: string;
  readonly wave: NodeWave | undefined;
  /** Sentences about it, the worst first. */
  readonly notes: readonly string[];
}

/** The part of a director in a rollout. */
export interface NodeWave {
  readonly number: number;
  readonly stage: 'failed' | 'missing' | 'waiting' | 'busy' | 'done';
}

/** The states that are not a health, with their tones. */
const TONES: Readonly<Record<string, Tone>> = {
  away: 'bad',
  'name-taken': 'bad',
  unreadable: 'warn',
  stopped: 'warn',
  'never-reported': 'plain',
  applying: 'info',
  waiting: 'info',
};

export function toneOfNode(state: string): Tone {
  return TONES[state] ?? toneOf(state);
}

/** All states, the worst first. */
const ORDER = [
  ...['name-taken', 'away', 'failed', 'unserved', 'refused', 'held', 'invalid', 'contested'],
  ...['drifted', 'unreadable', 'stopped', 'never-reported', 'paused', 'starting'],
  ...['applying', 'waiting', 'source-unreachable', 'draining', 'in-sync'],
];

/** Makes the rows of a fleet. */
export function rowsOf({ nodes, rollout }: FleetDocument): NodeRow[] {
  return nodes.map((node) => {
    const wave = waveOf(node.node, rollout);
    return { node, wave, state: stateOf(node, wave, rollout), notes: notesOf(node) };
  });
}

function stateOf(
  node: NodeDocument,
  wave: NodeWave | undefined,
  rollout: RolloutDocument | null,
): string {
  const { state, problem, daemons, has_current, healthy, health } = node;
  if (daemons.length > 1) return 'name-taken';
  if (state !== 'reporting') return state;
  if (problem !== null) return 'unreadable';
  if (health === null) return 'starting';
  if (!healthy || has_current) return health;
  const isHeld = wave?.stage === 'waiting' || (wave && rollout?.state === 'halted');
  return isHeld ? 'waiting' : 'applying';
}

function waveOf(name: string, rollout: RolloutDocument | null): NodeWave | undefined {
  const index = rollout?.waves.findIndex(({ nodes }) => nodes.includes(name)) ?? -1;
  const wave = rollout?.waves[index];
  if (!wave) return undefined;
  const stage = ((): NodeWave['stage'] => {
    if (wave.failed.includes(name)) return 'failed';
    if (wave.soaked.includes(name)) return 'done';
    if (wave.missing.includes(name)) return 'missing';
    return wave.open ? 'busy' : 'waiting';
  })();
  return { number: index + 1, stage };
}

function notesOf(node: NodeDocument): string[] {
  const { problem, daemons, why, error, held, overrides } = node;
  const machines = daemons.map(({ host }) => host ?? 'an unknown machine').join(', ');
  return [
    ...(daemons.length > 1
      ? [`${daemons.length} daemons report under this name: on ${machines}`]
      : []),
    ...(problem === null ? [] : [`its report cannot be read: ${problem}`]),
    ...why,
    ...(error && !why.includes(error.message) ? [`${formatPlace(error)}${error.message}`] : []),
    ...(held ? [`plan ${held.plan} is held back: ${countOf(held.changes, 'change')}`] : []),
    ...(overrides ? [countOf(overrides, 'override')] : []),
  ];
}

/** The orders of the list, with their titles. */
export const NODE_SORTS = {
  state: 'worst state',
  name: 'name',
  generation: 'oldest generation',
  wave: 'wave',
} as const;

export type NodeSort = keyof typeof NODE_SORTS;

export interface NodeListing {
  /** Words that a director has in its name, machine, version or notes, in any order. */
  readonly text: string;
  /** null: all states. */
  readonly state: string | null;
  readonly sort: NodeSort;
}

export const FIRST_NODE_LISTING: NodeListing = { text: '', state: null, sort: 'state' };

const compareNames = (a: NodeRow, b: NodeRow): number => compareTexts(a.node.node, b.node.node);

/** A state of a later version comes first. One that failed in a rollout comes before it. */
const rankOf = ({ state, wave }: NodeRow): number =>
  wave?.stage === 'failed' ? -2 : ORDER.indexOf(state);

const COMPARE: Readonly<Record<NodeSort, (a: NodeRow, b: NodeRow) => number>> = {
  state: (a, b) => rankOf(a) - rankOf(b),
  name: () => 0,
  generation: (a, b) => (a.node.generation?.applied ?? 0) - (b.node.generation?.applied ?? 0),
  wave: (a, b) => (a.wave?.number ?? 0) - (b.wave?.number ?? 0),
};

/** Returns the directors that are shown, in order. Equal ones are in the order of their names. */
export function listNodes(rows: readonly NodeRow[], { text, state, sort }: NodeListing): NodeRow[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows
    .filter((row) => state === null || row.state === state)
    .filter((row) => words.every((word) => textOf(row).includes(word)))
    .sort((a, b) => COMPARE[sort](a, b) || compareNames(a, b));
}

function textOf({ node, state, notes }: NodeRow): string {
  const { host, versions } = node;
  return [node.node, host ?? '', versions?.ipvstate ?? '', state, ...notes]
    .join('\n')
    .toLowerCase();
}

/** Counts the directors of each state, the worst first. */
export function countNodeStates(rows: readonly NodeRow[]): [state: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b));
}
