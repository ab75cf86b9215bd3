import { useEffect, useMemo, useState } from 'preact/hooks';
import { Bar, ETCD_PAGES, useTabTitle } from '../bar.tsx';
import { formatTime } from '../format.ts';
import type { Connection } from '../page-state.ts';
import { Reasons, Text } from '../parts.tsx';
import type { FleetAnswer } from './fleet-documents.ts';
import { followFleet } from './fleet-feed.ts';
import { rowsOf } from './fleet-nodes.ts';
import { FleetOverrides } from './fleet-overrides.tsx';
import { type FleetVerdict, verdictOfFleet } from './fleet-verdict.ts';
import { Nodes } from './nodes.tsx';

/** The page of the fleet. */
export function FleetApp() {
  const [answer, setAnswer] = useState<FleetAnswer>();
  const [connection, setConnection] = useState<Connection>({ kind: 'connecting' });
  useEffect(
    () =>
      followFleet((event) => {
        if (event.kind === 'fleet') setAnswer(event.document);
        setConnection(
          event.kind === 'fleet' ? { kind: 'live' } : { kind: 'stale', since: event.since },
        );
      }),
    [],
  );
  const now = new Date();
  const verdict = answer && verdictOfFleet(answer, (time) => formatTime(time, now));
  const { fleet, node = null, stale, since } = answer ?? {};
  const isStale = connection.kind === 'stale';
  const rows = useMemo(() => (fleet ? rowsOf(fleet) : []), [fleet]);
  useTabTitle(verdict && (isStale ? { title: 'Stale', tone: 'plain' } : verdict), fleet?.prefix);
  return (
    <>
      <Bar
        subject={fleet?.prefix}
        state={
          verdict && <span class={`state ${verdict.tone}`}>{verdict.title.toLowerCase()}</span>
        }
        pages={ETCD_PAGES}
        connection={connection}
        trouble={stale ? `etcd is away since ${formatTime(since ?? '', now)}` : undefined}
      />
      <main class={connection.kind}>
        <Answer verdict={verdict} />
        {fleet && (
          <div class="columns">
            <Nodes
              {...{ rows, own: node, current: fleet.current }}
              hasRollout={fleet.rollout !== null}
            />
            <FleetOverrides of={fleet.overrides} />
          </div>
        )}
      </main>
    </>
  );
}

function Answer({ verdict }: { verdict: FleetVerdict | undefined }) {
  if (!verdict) {
    return (
      <section class="verdict plain">
        <h1>Connecting</h1>
      </section>
    );
  }
  const { title, tone, meaning, reasons, help } = verdict;
  return (
    <section class={`verdict ${tone}`} aria-labelledby="verdict">
      <div class="answer" role="status">
        <h1 id="verdict">{title}</h1>
        <p class="meaning">
          <Text of={meaning} />
        </p>
      </div>
      <Reasons of={reasons} help={help}>
        {(reason) => <Text of={reason} />}
      </Reasons>
    </section>
  );
}
