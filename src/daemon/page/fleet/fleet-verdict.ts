import { countOf } from '../../../render/count-of.ts';
import type { Tone } from '../states.ts';
import type { FleetAnswer, FleetDocument, RolloutDocument } from './fleet-documents.ts';
import { type NodeRow, rowsOf } from './fleet-nodes.ts';

/** The answer to the question how the fleet is. */
export interface FleetVerdict {
  readonly title: string;
  readonly tone: Tone;
  readonly meaning: string;
  readonly reasons: readonly string[];
  readonly help: readonly { readonly command: string; readonly text: string }[];
}

const hasFailed = ({ wave }: NodeRow): boolean => wave?.stage === 'failed';

/** So many directors are named. */
const SHOWN = 5;

/** Says how a fleet is. `formatTime` formats a time as the page shows it. */
export function verdictOfFleet(
  { fleet, stale, at, since, reason, address }: FleetAnswer,
  formatTime: (time: string) => string,
): FleetVerdict {
  if (stale) {
    const age = at === null || !fleet ? '' : ` The directors are shown as at ${formatTime(at)}.`;
    return {
      title: 'etcd is away',
      tone: 'warn',
      meaning: `It cannot be read since ${formatTime(since ?? '')}.${age}`,
      reasons: [reason ?? '', 'directors keep their tables, and take nothing new'],
      help: [],
    };
  }
  if (!fleet) return { ...UNKNOWN, meaning: 'etcd has not answered yet.' };
  const { rollout } = fleet;
  if (rollout?.state === 'halted') return halted(fleet, rollout, address);
  if (rollout?.state === 'running') return running(fleet, rollout, address);
  return settled(fleet);
}

const UNKNOWN = { title: 'Not known', tone: 'plain', reasons: [], help: [] } as const;

function halted(fleet: FleetDocument, rollout: RolloutDocument, address: string): FleetVerdict {
  const { halt, base, generation } = rollout;
  const cause = halt?.startsWith('by ') ? ` ${halt}` : `: ${halt}`;
  return {
    title: 'Halted',
    tone: 'bad',
    meaning: `The rollout of generation ${generation} is halted${cause}.`,
    reasons: [
      `${progressOf(fleet)}; the others keep what they have`,
      ...nodesWith(fleet, hasFailed, { word: 'failed' }),
    ],
    help: [
      { command: `ipvstate fleet resume ${address}`, text: 'goes on' },
      ...(base === null
        ? []
        : [
            {
              command: `ipvstate fleet rollback ${address}`,
              text: `puts the files of generation ${base} in force everywhere`,
            },
          ]),
    ],
  };
}

function running(fleet: FleetDocument, rollout: RolloutDocument, address: string): FleetVerdict {
  const waves = rollout.waves.filter(({ nodes }) => nodes.length > 0);
  const at = Math.max(
    0,
    waves.findLastIndex(({ open }) => open),
  );
  const { soaked = [], nodes = [] } = waves[at] ?? {};
  return {
    title: `Rolling out: wave ${at + 1} of ${waves.length}`,
    tone: 'info',
    meaning:
      `${progressOf(fleet)}. In this wave, ${soaked.length} of ${countOf(nodes.length, 'director')} ` +
      `${soaked.length === 1 ? 'is' : 'are'} done.`,
    reasons: [
      ...nodesWith(fleet, hasFailed, { word: 'failed' }),
      ...nodesWith(
        fleet,
        ({ wave, node }) => wave?.stage === 'missing' && nodes.includes(node.node),
        { note: 'the next wave waits for it' },
      ),
    ],
    help: [{ command: `ipvstate fleet halt ${address}`, text: 'stops it where it is' }],
  };
}

function settled(fleet: FleetDocument): FleetVerdict {
  const { nodes, current } = fleet;
  const there = nodes.filter(({ has_current }) => has_current).length;
  if (nodes.length === 0) {
    const meaning = `Generation ${current} is in force, and no director has reported yet.`;
    return { ...UNKNOWN, title: 'No directors', meaning };
  }
  const isAll = there === nodes.length;
  return {
    title: isAll ? 'All in sync' : `${there} of ${nodes.length} in sync`,
    tone: isAll ? 'good' : 'warn',
    meaning: `${progressOf(fleet)}.`,
    reasons: nodesWith(fleet, ({ node }) => !node.has_current),
    help: [],
  };
}

function progressOf({ nodes, current }: FleetDocument): string {
  const there = nodes.filter(({ has_current }) => has_current).length;
  const verb = there === 1 ? 'has' : 'have';
  return `${there} of ${countOf(nodes.length, 'director')} ${verb} generation ${current}`;
}

/** Names the directors of a kind, with a note or the first thing that is wrong with each. */
function nodesWith(
  fleet: FleetDocument,
  isOne: (row: NodeRow) => boolean,
  { word, note }: { readonly word?: string; readonly note?: string } = {},
): readonly string[] {
  const found = rowsOf(fleet).filter(isOne);
  const more = found.length - SHOWN;
  return [
    ...found.slice(0, SHOWN).map(({ node, state, notes }) => {
      const cause = note ?? notes[0];
      const said = `${node.node}, ${word ?? state.replaceAll('-', ' ')}`;
      return cause === undefined ? said : `${said}: ${cause}`;
    }),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}
