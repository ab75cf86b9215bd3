import { useEffect, useReducer, useRef } from 'preact/hooks';
import type { ApiStatus } from '../api/documents.ts';
import type { SnapshotDocument } from './documents.ts';
import { Feed } from './feed.ts';
import { formatAge, formatDate, formatTime } from './format.ts';
import { useOpenServices } from './open-services.ts';
import {
  type Connection,
  FIRST_STATE,
  follow,
  type Reading,
  stateOfSnapshot,
} from './page-state.ts';
import { Files, History, StatusPanels, UrgentPanels } from './panels.tsx';
import { State, Text, TimeOfPage, useNow } from './parts.tsx';
import { Services } from './services.tsx';
import { titleOf, toneOf } from './states.ts';
import { Figures, Verdict } from './verdict.tsx';

interface AppProps {
  /** undefined: the page follows the daemon. */
  readonly snapshot: SnapshotDocument | undefined;
}

export function App({ snapshot }: AppProps) {
  const [state, dispatch] = useReducer(follow, snapshot ? stateOfSnapshot(snapshot) : FIRST_STATE);
  const feed = useRef<Feed | undefined>(undefined);
  const opening = useOpenServices();
  useEffect(() => {
    if (snapshot) return;
    feed.current = new Feed(dispatch);
    feed.current.follow(opening.open);
    feed.current.start();
  }, []);
  useEffect(() => feed.current?.follow(opening.open), [opening.open]);
  useTabTitle(state.status, state.connection.kind === 'stale');

  const { status, services, details, history, connection, reading, problems } = state;
  return (
    <TimeOfPage.Provider value={snapshot && new Date(snapshot.services.at ?? '')}>
      <Bar {...{ status, connection, reading }} />
      <main class={connection.kind}>
        {status && <Verdict document={status} services={services} />}
        {status && <UrgentPanels document={status} />}
        {!status && (
          <section class="verdict plain">
            <div class="answer">
              <h1>{connection.kind === 'snapshot' ? 'Live table' : 'Connecting'}</h1>
              {problems.map((problem) => (
                <p key={problem} class="meaning">
                  Not known: <Text of={problem} />
                </p>
              ))}
            </div>
            <Figures services={services} />
          </section>
        )}
        {reading?.stale && (
          <p class="unread">
            <Text of={reading.reason ?? 'the kernel cannot be read'} />
          </p>
        )}
        <div class="columns">
          {services && (
            <Services
              {...{ services, details, opening }}
              readAt={reading?.at ?? ''}
              hasStates={status !== null}
            />
          )}
          {(status || (history && history.runs.length > 0)) && (
            <aside aria-label={status ? 'State of the daemon' : 'Last runs'}>
              {status && (
                <StatusPanels
                  document={{ ...status, problems: [...status.problems, ...problems] }}
                  services={services}
                />
              )}
              <History runs={history?.runs ?? []} />
              {status && <Files document={status} />}
            </aside>
          )}
        </div>
      </main>
    </TimeOfPage.Provider>
  );
}

type BarProps = {
  readonly status: ApiStatus | null;
  readonly connection: Connection;
  readonly reading: Reading | null;
};

/** The line that stays on the screen: which machine this is, its state, and how old the data is. */
function Bar({ status, connection, reading }: BarProps) {
  return (
    <header class="bar">
      <span class="brand">ipvstate</span>
      {status && (
        <>
          <strong class="host">
            <Text of={status.host} />
          </strong>
          {connection.kind !== 'stale' && <State of={status.status.health} />}
        </>
      )}
      <Freshness {...{ connection, reading }} />
    </header>
  );
}

function Freshness({ connection, reading }: Omit<BarProps, 'status'>) {
  const now = useNow();
  switch (connection.kind) {
    case 'connecting':
      return <span class="freshness">Connecting …</span>;
    case 'live':
      return reading?.stale ? (
        <span class="freshness stale" role="alert">
          The kernel cannot be read
          {reading.at && `; the numbers are of ${formatTime(reading.at, now)}`}
        </span>
      ) : (
        <span class="freshness live">Live</span>
      );
    case 'snapshot':
      return <span class="freshness">Snapshot of {formatDate(now)}</span>;
    case 'stale':
      return (
        <span class="freshness stale" role="alert">
          Stale since {formatTime(new Date(connection.since).toISOString(), now)}
          <span aria-hidden> ({formatAge((now.getTime() - connection.since) / 1000)})</span>
        </span>
      );
  }
}

/** Shows the state in the tab of the browser, as its title and its icon. */
function useTabTitle(document: ApiStatus | null, isStale: boolean): void {
  const health = isStale && document ? 'stale' : document?.status.health;
  const host = document?.host;
  useEffect(() => {
    if (!health) return;
    window.document.title = `${titleOf(health)} · ${host} · ipvstate`;
    const icon = window.document.querySelector<HTMLLinkElement>('link[rel=icon]');
    const style = getComputedStyle(window.document.documentElement);
    const colour = style.getPropertyValue(`--${toneOf(health)}`).trim();
    const circle = `<circle cx="8" cy="8" r="7" fill="${colour}"/>`;
    const image = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${circle}</svg>`;
    if (icon) icon.href = `data:image/svg+xml,${encodeURIComponent(image)}`;
  }, [health, host]);
}
