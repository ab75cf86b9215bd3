import { useEffect, useRef, useState } from 'preact/hooks';
import { formatAge, formatTime } from '../format.ts';
import { Text, useNow } from '../parts.tsx';
import { titleOf } from '../states.ts';
import { Toolbar } from '../toolbar.tsx';
import type { NodeDocument } from './fleet-documents.ts';
import {
  countNodeStates,
  FIRST_NODE_LISTING,
  listNodes,
  NODE_SORTS,
  type NodeRow,
  type NodeWave,
  toneOfNode,
} from './fleet-nodes.ts';

interface NodesProps {
  readonly rows: readonly NodeRow[];
  /** The director whose daemon answers. */
  readonly own: string | null;
  readonly current: number;
  readonly hasRollout: boolean;
}

const PREFIX = '#/node/';

/** The directors with their filter and their order. */
export function Nodes({ rows, own, current, hasRollout }: NodesProps) {
  const [listing, setListing] = useState(FIRST_NODE_LISTING);
  const change = (part: Partial<typeof listing>): void =>
    setListing((old) => ({ ...old, ...part }));
  const target = useLinkedNode();
  // A link leads to its director, also when the filter hides it.
  useEffect(() => {
    if (target !== undefined) change({ text: '', state: null });
  }, [target]);
  const shown = listNodes(rows, listing);
  const isMissing = target !== undefined && !rows.some(({ node }) => node.node === target);
  return (
    <section class="services" aria-label="Directors">
      <Toolbar
        {...{ listing, change }}
        label="Filter by name, machine or message"
        total={rows.length}
        states={countNodeStates(rows)}
        toneOf={toneOfNode}
        sorts={NODE_SORTS}
      />
      {isMissing && (
        <p class="missing" role="status">
          <Text of={target} /> is not in the fleet.
        </p>
      )}
      {shown.length > 0 ? (
        <table class="nodes">
          <thead>
            <tr>
              <th scope="col">Director</th>
              <th scope="col">State</th>
              <th scope="col">Generation</th>
              {hasRollout && <th scope="col">Wave</th>}
              <th scope="col">Version</th>
              <th scope="col">Seen</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Node
                key={row.node.node}
                {...{ row, current, hasRollout }}
                isOwn={row.node.node === own}
                isTarget={row.node.node === target}
              />
            ))}
          </tbody>
        </table>
      ) : (
        <p class="empty">
          {rows.length === 0 ? 'No director is known.' : 'No director matches the filter.'}
        </p>
      )}
    </section>
  );
}

/** The director that the address of the page names. */
function useLinkedNode(): string | undefined {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    window.addEventListener('hashchange', follow);
    return () => window.removeEventListener('hashchange', follow);
  }, []);
  return hash.startsWith(PREFIX) ? hash.slice(PREFIX.length) : undefined;
}

interface NodeProps extends Pick<NodesProps, 'current' | 'hasRollout'> {
  readonly row: NodeRow;
  readonly isOwn: boolean;
  readonly isTarget: boolean;
}

function Node({ row, current, hasRollout, isOwn, isTarget }: NodeProps) {
  const { node, state, wave, notes } = row;
  const { generation, versions, host } = node;
  const name = node.node;
  const line = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (isTarget) line.current?.scrollIntoView({ block: 'nearest' });
  }, [isTarget]);
  return (
    <>
      <tr ref={line} class={isTarget ? 'open' : ''}>
        <th scope="row">
          <a href={PREFIX + name}>
            <Text of={name} />
          </a>
          {isOwn && <small> this director</small>}
          {host !== null && host !== name && (
            <small>
              {' '}
              on <Text of={host} />
            </small>
          )}
        </th>
        <td>
          <span class={`state ${toneOfNode(state)}`}>
            <Text of={titleOf(state).toLowerCase()} />
          </span>
        </td>
        <td class={`generation ${generation && generation.applied !== current ? 'desired' : ''}`}>
          {generation?.applied ?? '–'}
        </td>
        {hasRollout && (
          <td class="wave">
            <Wave of={wave} />
          </td>
        )}
        <td class="version">
          <Text of={versions?.ipvstate ?? '–'} />
        </td>
        <td class="seen">
          <Seen node={node} />
        </td>
      </tr>
      {notes.length > 0 && (
        <tr class={isTarget ? 'about open' : 'about'}>
          <td colSpan={hasRollout ? 6 : 5}>
            <ul>
              {notes.map((note) => (
                <li key={note}>
                  <Text of={note} />
                </li>
              ))}
            </ul>
          </td>
        </tr>
      )}
    </>
  );
}

const STAGES = {
  failed: 'failed',
  missing: 'missing',
  waiting: 'not yet',
  busy: 'begun',
  done: 'done',
} as const;

function Wave({ of: wave }: { of: NodeWave | undefined }) {
  if (!wave) return <>–</>;
  const tone = wave.stage === 'failed' || wave.stage === 'missing' ? 'state bad' : '';
  return (
    <span class={tone}>
      {wave.number}, {STAGES[wave.stage]}
    </span>
  );
}

/** The time at which a director was last heard of. One that reports keeps a lease. */
function Seen({ node: { state, last_report } }: { node: NodeDocument }) {
  if (state === 'reporting') return <>now</>;
  return last_report === null ? <>never</> : <SeenAt time={last_report} />;
}

function SeenAt({ time }: { time: string }) {
  const now = useNow();
  const age = formatAge((now.getTime() - Date.parse(time)) / 1000);
  return (
    <time dateTime={time} title={formatTime(time, now)}>
      {age} ago
    </time>
  );
}
