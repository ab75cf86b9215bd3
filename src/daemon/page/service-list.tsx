import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ServiceSummary } from '../api/documents.ts';
import type { Sort } from './listing.ts';
import type { FollowedDetail } from './page-state.ts';
import { Head, Service } from './service-row.tsx';
import { placeRows, rowsBetween } from './visible-rows.ts';

interface ListProps {
  readonly rows: readonly ServiceSummary[];
  readonly open: readonly string[];
  readonly details: ReadonlyMap<string, FollowedDetail>;
  readonly readAt: string;
  readonly sort: Sort;
  /** The service that a link asked for. It is moved into view. */
  readonly target: string | undefined;
  readonly onSort: (sort: Sort) => void;
  readonly onToggle: (service: string) => void;
  /** Told whether a person points at the list, or has the focus in it. */
  readonly onUse: (isUsed: boolean) => void;
}

/** Height of an open service until it is measured, in pixels. */
const FIRST_DETAIL_HEIGHT = 360;

/** The services, of which only those on the screen are in the document. */
export function ServiceList(props: ListProps) {
  const { rows, open, details, readAt, target, onToggle, onUse } = props;
  const body = useRef<HTMLDivElement>(null);
  const view = useView(body);
  const [measured, setMeasured] = useState<ReadonlyMap<string, number>>(new Map());
  const [focused, setFocused] = useState<string | null>(null);
  /** True while the focus goes to a row that may not be in the document yet. */
  const isMoving = useRef(false);
  const places = useMemo(() => {
    const heightOf = ({ service }: ServiceSummary): number =>
      view.rowHeight +
      (open.includes(service) ? (measured.get(service) ?? FIRST_DETAIL_HEIGHT) : 0);
    return placeRows(rows.map(heightOf));
  }, [rows, open, measured, view.rowHeight]);
  const [first, end] = rowsBetween(places, view.from, view.to);
  // The row that has the focus stays, however far the list is scrolled.
  const kept = rows.findIndex(({ service }) => service === focused);
  const shown = rows.slice(first, end).map((_, index) => first + index);
  if (kept !== -1 && (kept < first || kept >= end)) shown.push(kept);

  const moveTo = (index: number): void => {
    const row = rows[Math.min(Math.max(0, index), rows.length - 1)];
    if (!row || !body.current) return;
    scrollTo(body.current, places.tops[rows.indexOf(row)] ?? 0, view.rowHeight);
    isMoving.current = true;
    setFocused(row.service);
  };
  useLayoutEffect(() => {
    if (!isMoving.current || focused === null) return;
    isMoving.current = false;
    const button = `[data-service="${CSS.escape(focused)}"]`;
    body.current?.querySelector<HTMLElement>(button)?.focus({ preventScroll: true });
  });
  useEffect(() => {
    const index = rows.findIndex(({ service }) => service === target);
    if (target !== undefined && index !== -1 && body.current)
      scrollTo(body.current, places.tops[index] ?? 0, view.rowHeight, true);
  }, [target, rows.length === 0]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (!(event.target as Element).matches('[data-service]')) return;
    const at = kept === -1 ? 0 : kept;
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: rows.length - 1,
    };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    moveTo(to);
  };

  return (
    <div
      class={`list ${rows.some(({ name }) => name !== null) ? '' : 'nameless'}`}
      role="table"
      aria-label="Services"
      aria-rowcount={rows.length + 1}
      onPointerEnter={() => onUse(true)}
      onPointerLeave={() => onUse(false)}
      onKeyDown={onKeyDown}
    >
      <Head {...props} />
      <div
        class="rows"
        role="rowgroup"
        ref={body}
        style={{ height: `${places.tops.at(-1) ?? 0}px` }}
        onFocusIn={({ target: element }) =>
          setFocused((element as HTMLElement).dataset.service ?? null)
        }
        onFocusOut={() => setFocused(null)}
      >
        {shown.map((index) => {
          const row = rows[index] as ServiceSummary;
          const isOpen = open.includes(row.service);
          const top = `${places.tops[index] ?? 0}px`;
          return (
            <Service
              key={row.service}
              {...{ row, index, top, isOpen, readAt, onToggle }}
              detail={details.get(row.service)}
              onHeight={(height) =>
                setMeasured((all) =>
                  all.get(row.service) === height ? all : new Map(all).set(row.service, height),
                )
              }
            />
          );
        })}
      </div>
    </div>
  );
}

interface View {
  /** The part of the list that is on the screen, in pixels from its top. */
  readonly from: number;
  readonly to: number;
  readonly rowHeight: number;
}

/** Follows the part of an element that is on the screen, in steps of a row. */
function useView(element: { readonly current: HTMLElement | null }): View {
  const [view, setView] = useState<View>({ from: 0, to: window.innerHeight, rowHeight: 36 });
  useLayoutEffect(() => {
    let frame = 0;
    const look = (): void => {
      frame = 0;
      if (!element.current) return;
      const style = getComputedStyle(element.current);
      const rowHeight = Number.parseFloat(style.getPropertyValue('--row')) || 36;
      const { top } = element.current.getBoundingClientRect();
      const from = Math.max(0, Math.floor(-top / rowHeight) * rowHeight);
      const to = Math.ceil((window.innerHeight - top) / rowHeight) * rowHeight;
      setView((old) =>
        old.from === from && old.to === to && old.rowHeight === rowHeight
          ? old
          : { from, to, rowHeight },
      );
    };
    const lookSoon = (): void => {
      frame ||= requestAnimationFrame(look);
    };
    look();
    const sizes = new ResizeObserver(lookSoon);
    sizes.observe(document.documentElement);
    sizes.observe(document.body);
    window.addEventListener('scroll', lookSoon, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      sizes.disconnect();
      window.removeEventListener('scroll', lookSoon);
    };
  }, []);
  return view;
}

/** Scrolls the window so that a row is below the headings that stay on the screen. */
function scrollTo(body: HTMLElement, top: number, rowHeight: number, isFirst = false): void {
  const place = body.getBoundingClientRect().top + top;
  const header = 3 * rowHeight;
  const isVisible = place >= header && place + rowHeight <= window.innerHeight;
  if (!isVisible || isFirst)
    window.scrollBy({
      top: place < header || isFirst ? place - header : place + 2 * rowHeight - window.innerHeight,
    });
}
