import { useEffect, useRef } from 'preact/hooks';
import { formatCount } from './format.ts';
import { Text } from './parts.tsx';
import { titleOf } from './states.ts';

interface AnyListing<Sort extends string> {
  readonly text: string;
  readonly state: string | null;
  readonly sort: Sort;
}

interface ToolbarProps<Sort extends string> {
  readonly listing: AnyListing<Sort>;
  readonly change: (part: Partial<AnyListing<Sort>>) => void;
  /** The words of the field. */
  readonly label: string;
  readonly total: number;
  /** The number of rows of each state. */
  readonly states: readonly (readonly [state: string, count: number])[];
  readonly toneOf: (state: string) => string;
  /** The orders with their titles. */
  readonly sorts: Readonly<Partial<Record<Sort, string>>>;
}

/** The filter of a list, by words and by state, and its order. */
export function Toolbar<Sort extends string>(props: ToolbarProps<Sort>) {
  const { listing, change, label, total, toneOf, sorts } = props;
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
  // A chip of a state that no row has any more stays while it is chosen.
  const isGone = listing.state !== null && !props.states.some(([state]) => state === listing.state);
  const states = isGone ? [...props.states, [listing.state, 0] as const] : props.states;
  return (
    <div class="toolbar" role="search">
      <input
        type="search"
        ref={field}
        aria-label={label}
        placeholder={label}
        aria-keyshortcuts="/"
        value={listing.text}
        onInput={({ currentTarget }) => change({ text: currentTarget.value })}
        onKeyDown={({ key }) => key === 'Escape' && change({ text: '' })}
      />
      <div class="chips" role="group" aria-label="State">
        <Chip
          title="All"
          count={total}
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
          {Object.entries<string | undefined>(sorts).map(([sort, title]) => (
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
