import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ServiceSummary } from '../api/documents.ts';
import { formatCount } from './format.ts';
import {
  countStates,
  FIRST_LISTING,
  type Listing,
  listServices,
  SORTS,
  type Sort,
} from './listing.ts';
import type { Opening } from './open-services.ts';
import type { FollowedDetail } from './page-state.ts';
import { Text } from './parts.tsx';
import { ServiceList } from './service-list.tsx';
import { titleOf, toneOf } from './states.ts';

interface ServicesProps {
  readonly services: ReadonlyMap<string, ServiceSummary>;
  readonly details: ReadonlyMap<string, FollowedDetail>;
  readonly readAt: string;
  readonly opening: Opening;
  /** False in a page that was exported without a daemon: only the daemon knows the states. */
  readonly hasStates: boolean;
}

/** The services with their filter and their order. */
export function Services(props: ServicesProps) {
  const { services, details, readAt, opening, hasStates } = props;
  const [listing, setListing] = useState(
    hasStates ? FIRST_LISTING : { ...FIRST_LISTING, sort: 'address' as const },
  );
  const change = useCallback(
    (part: Partial<Listing>) => setListing((old) => ({ ...old, ...part })),
    [],
  );
  const isUsed = useRef(false);
  const rows = useSteadyRows(services, listing, isUsed);
  const { open, target, toggle } = opening;
  const isMissing = target !== undefined && !services.has(target);
  // A link leads to its service, also when the filter hides the service.
  useEffect(() => {
    if (target !== undefined) change({ text: '', state: null });
  }, [target]);
  return (
    <section class={hasStates ? 'services' : 'services stateless'} aria-label="Services">
      <Toolbar {...{ services, listing, change, hasStates }} />
      {isMissing && (
        <p class="missing" role="status">
          <Text of={target} /> is not in the live table.
        </p>
      )}
      {rows.length > 0 ? (
        <ServiceList
          {...{ rows, open, details, readAt, target }}
          sort={listing.sort}
          onSort={(sort) => change({ sort })}
          onToggle={toggle}
          onUse={(is) => {
            isUsed.current = is;
          }}
        />
      ) : (
        <p class="empty">
          {services.size === 0
            ? 'The live table has no services.'
            : 'No service matches the filter.'}
        </p>
      )}
    </section>
  );
}

/**
 * Returns the services in order. While a person points at the list, rows keep their places: none
 * moves away below the pointer.
 */
function useSteadyRows(
  services: ReadonlyMap<string, ServiceSummary>,
  listing: Listing,
  isUsed: { readonly current: boolean },
): readonly ServiceSummary[] {
  const last = useRef<{ listing: Listing; rows: readonly ServiceSummary[] } | undefined>(undefined);
  return useMemo(() => {
    const rows = listServices(services.values(), listing);
    if (isUsed.current && last.current?.listing === listing) {
      const places = new Map(last.current.rows.map(({ service }, index) => [service, index]));
      const placeOf = ({ service }: ServiceSummary): number => places.get(service) ?? rows.length;
      rows.sort((a, b) => placeOf(a) - placeOf(b));
    }
    last.current = { listing, rows };
    return rows;
  }, [services, listing]);
}

interface ToolbarProps {
  readonly services: ReadonlyMap<string, ServiceSummary>;
  readonly listing: Listing;
  readonly change: (part: Partial<Listing>) => void;
  readonly hasStates: boolean;
}

function Toolbar({ services, listing, change, hasStates }: ToolbarProps) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
      if ((event.target as Element).matches('input, select, textarea')) return;
      event.preventDefault();
      field.current?.focus();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  const states = hasStates ? countStates(services.values()) : [];
  const sorts = Object.entries(SORTS).filter(([sort]) => hasStates || sort !== 'state');
  // A chip of a state that no service has any more stays while it is chosen.
  if (listing.state !== null && !states.some(([state]) => state === listing.state))
    states.push([listing.state, 0]);
  return (
    <div class="toolbar" role="search">
      <input
        type="search"
        ref={field}
        aria-label="Filter by name or address"
        placeholder="Filter by name or address"
        aria-keyshortcuts="/"
        value={listing.text}
        onInput={({ currentTarget }) => change({ text: currentTarget.value })}
        onKeyDown={({ key }) => key === 'Escape' && change({ text: '' })}
      />
      <div class="chips" role="group" aria-label="State">
        <Chip
          title="All"
          count={services.size}
          isOn={listing.state === null}
          onClick={() => change({ state: null })}
        />
        {states.map(([state, count]) => (
          <Chip
            key={state}
            title={titleOf(state)}
            tone={toneOf(state)}
            count={count}
            isOn={listing.state === state}
            onClick={() => change({ state: listing.state === state ? null : state })}
          />
        ))}
      </div>
      <label class="sort">
        Sort by{' '}
        <select
          value={listing.sort}
          onChange={({ currentTarget }) => change({ sort: currentTarget.value as Sort })}
        >
          {sorts.map(([sort, title]) => (
            <option key={sort} value={sort}>
              {title}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

interface ChipProps {
  readonly title: string;
  readonly tone?: string;
  readonly count: number;
  readonly isOn: boolean;
  readonly onClick: () => void;
}

function Chip({ title, tone = '', count, isOn, onClick }: ChipProps) {
  return (
    <button type="button" class={`chip ${tone}`} aria-pressed={isOn} onClick={onClick}>
      <Text of={title} /> <span class="count">{formatCount(count)}</span>
    </button>
  );
}
