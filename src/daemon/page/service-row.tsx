import type { ComponentChildren, TargetedMouseEvent } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ServiceSummary } from '../api/documents.ts';
import { formatBytes, formatCount } from './format.ts';
import { bytesOf, type Sort } from './listing.ts';
import type { FollowedDetail } from './page-state.ts';
import { State } from './parts.tsx';
import { Sparkline } from './plots.tsx';
import { Detail } from './service-detail.tsx';

const COLUMNS: readonly { name: string; sorts: readonly (readonly [Sort, string])[] }[] = [
  { name: 'state', sorts: [['state', 'State']] },
  {
    name: 'service',
    sorts: [
      ['name', 'Name'],
      ['address', 'Address'],
    ],
  },
  { name: 'scheduler', sorts: [] },
  { name: 'usable', sorts: [] },
  { name: 'active', sorts: [['active', 'Active']] },
  { name: 'connections', sorts: [['connections', 'Conn/s']] },
  { name: 'bytes', sorts: [['bytes', 'Bytes/s']] },
];

const UNSORTED: Readonly<Record<string, string>> = { scheduler: 'Scheduler', usable: 'Usable' };

interface HeadProps {
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
}

/** The titles of the columns, which sort. */
export function Head({ sort, onSort }: HeadProps) {
  return (
    <div role="rowgroup" class="head">
      <div role="row" class="row" aria-rowindex={1}>
        {COLUMNS.map(({ name, sorts }) => (
          <span
            key={name}
            role="columnheader"
            class={`c-${name}`}
            aria-sort={sorts.some(([own]) => own === sort) ? sortOf(sort) : undefined}
          >
            {UNSORTED[name]}
            {sorts.map(([own, title]) => (
              <button key={own} type="button" onClick={() => onSort(own)}>
                {title}
              </button>
            ))}
          </span>
        ))}
      </div>
    </div>
  );
}

function sortOf(sort: Sort): 'ascending' | 'descending' {
  return ['connections', 'active', 'bytes'].includes(sort) ? 'descending' : 'ascending';
}

interface ServiceProps {
  readonly row: ServiceSummary;
  readonly index: number;
  readonly top: string;
  readonly isOpen: boolean;
  readonly detail: FollowedDetail | undefined;
  readonly readAt: string;
  readonly onToggle: (service: string) => void;
  readonly onHeight: (height: number) => void;
}

/** Tells whether a click ends the selection of a text in the row. */
function isSelecting({ currentTarget, detail }: TargetedMouseEvent<HTMLElement>): boolean {
  const selection = window.getSelection();
  const isInRow = selection !== null && currentTarget.contains(selection.anchorNode);
  return detail > 0 && isInRow && selection.type === 'Range';
}

/** A service in one row, with its inside below it when it is open. */
export function Service(props: ServiceProps) {
  const { row, index, top, isOpen, detail, readAt, onToggle, onHeight } = props;
  const { service, name, state, scheduler, persistence, usable, destinations, plot } = row;
  return (
    <>
      <div
        role="row"
        class={isOpen ? 'row open' : 'row'}
        aria-rowindex={index + 2}
        style={{ top }}
        onClick={(event) => isSelecting(event) || onToggle(service)}
      >
        <span role="cell" class="c-state">
          <State of={state} />
        </span>
        <span role="cell" class="c-service">
          <button type="button" data-service={service} aria-expanded={isOpen}>
            <bdi class="name" title={name ?? undefined}>
              {name ?? ''}
            </bdi>
            <bdi class="address" title={service}>
              {service}
            </bdi>
          </button>
        </span>
        <span role="cell" class="c-scheduler">
          {scheduler}
          {persistence && <small title={`persistent ${persistence}`}> persistent</small>}
        </span>
        <span role="cell" class={usable === 0 ? 'c-usable bad' : 'c-usable'}>
          {formatCount(usable)}
          <small> of {formatCount(destinations)}</small>
        </span>
        <span role="cell" class="c-active">
          {formatCount(row.connections.active)}
        </span>
        <span role="cell" class="c-connections">
          <Sparkline values={plot?.connections} />
          <span>{formatCount(row.rates.connections)}</span>
        </span>
        <span role="cell" class="c-bytes">
          <Sparkline values={plot?.bytes} />
          <span>{formatBytes(bytesOf(row))}</span>
        </span>
      </div>
      {isOpen && (
        <OpenRow top={top} onHeight={onHeight}>
          <Detail summary={row} {...{ detail, readAt }} />
        </OpenRow>
      )}
    </>
  );
}

interface OpenRowProps {
  readonly top: string;
  readonly onHeight: (height: number) => void;
  readonly children: ComponentChildren;
}

/** The inside of an open service, below its row. Tells its height, which the rows below need. */
function OpenRow({ top, onHeight, children }: OpenRowProps) {
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const own = element.current;
    if (!own) return;
    const sizes = new ResizeObserver(() => onHeight(own.offsetHeight));
    onHeight(own.offsetHeight);
    sizes.observe(own);
    return () => sizes.disconnect();
  }, []);
  return (
    <div role="row" class="inside" style={{ top: `calc(${top} + var(--row))` }} ref={element}>
      <div role="cell" aria-colspan={COLUMNS.length}>
        {children}
      </div>
    </div>
  );
}
