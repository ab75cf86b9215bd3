import { useEffect, useReducer, useRef } from 'preact/hooks';
import { Bar, ETCD_PAGES, useTabTitle } from './bar.tsx';
import type { SnapshotDocument } from './documents.ts';
import { Feed } from './feed.ts';
import { formatTime } from './format.ts';
import { useOpenServices } from './open-services.ts';
import { FIRST_STATE, follow, type Reading, stateOfSnapshot } from './page-state.ts';
import { Files, History, StatusPanels, UrgentPanels } from './panels.tsx';
import { State, Text, TimeOfPage } from './parts.tsx';
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
  const { status, services, details, history, connection, reading, problems } = state;
  const now = snapshot ? new Date(snapshot.services.at ?? '') : new Date();
  const verdict = status?.status.health;
  const shown = verdict && connection.kind === 'stale' ? 'stale' : verdict;
  useTabTitle(shown && { title: titleOf(shown), tone: toneOf(shown) }, status?.host);
  return (
    <TimeOfPage.Provider value={snapshot && new Date(snapshot.services.at ?? '')}>
      <Bar
        subject={status?.host}
        state={verdict && <State of={verdict} />}
        pages={!snapshot && status?.status.watch.mode === 'etcd' ? ETCD_PAGES : []}
        connection={connection}
        trouble={troubleOf(reading, now)}
      />
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

/** Says that the numbers are not of now. */
function troubleOf(reading: Reading | null, now: Date): string | undefined {
  if (!reading?.stale) return undefined;
  const age = reading.at === null ? '' : `; the numbers are of ${formatTime(reading.at, now)}`;
  return `The kernel cannot be read${age}`;
}
