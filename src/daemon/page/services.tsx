import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ServiceSummary } from '../api/documents.ts';
import { countStates, FIRST_LISTING, type Listing, listServices, SORTS } from './listing.ts';
import type { Opening } from './open-services.ts';
import type { FollowedDetail } from './page-state.ts';
import { Text } from './parts.tsx';
import { ServiceList } from './service-list.tsx';
import { toneOf } from './states.ts';
import { Toolbar } from './toolbar.tsx';

interface ServicesProps {
  readonly services: ReadonlyMap<string, ServiceSummary>;
  readonly details: ReadonlyMap<string, FollowedDetail>;
  readonly readAt: string;
  readonly opening: Opening;
  /** False in a page that was exported without a daemon: only the daemon knows the states. */
  readonly hasStates: boolean;
}

const { state: _, ...SORTS_WITHOUT_STATES } = SORTS;

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
      <Toolbar
        {...{ listing, change, toneOf }}
        label="Filter by name or address"
        total={services.size}
        states={hasStates ? countStates(services.values()) : []}
        sorts={hasStates ? SORTS : SORTS_WITHOUT_STATES}
      />
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
