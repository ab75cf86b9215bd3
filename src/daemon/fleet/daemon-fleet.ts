import type { SeenRollout } from '../../fleet/progress.ts';
import type { Clock } from '../../model/clock.ts';
import type { LoopState } from '../../reconcile/loop/loop-state.ts';
import { openFleetOverrideStore } from '../../recovery/records/fleet-overrides.ts';
import type { Session } from '../../recovery/session.ts';
import type { DaemonOverrides } from '../daemon-overrides.ts';
import type { Log } from '../log/log.ts';
import type { FleetStatus, Status } from '../status/status.ts';
import { FleetOverrides } from './fleet-overrides.ts';
import { FleetMember, type FleetPlace } from './member.ts';
import type { TableOverrides } from './settle-overrides.ts';

interface DaemonFleetPorts {
  readonly log: Log;
  readonly session: Pick<Session, 'state' | 'warn'>;
  readonly clock: Clock;
  readonly state: () => LoopState;
  readonly status: () => Status;
  readonly rollout: () => SeenRollout | undefined;
  readonly table: TableOverrides & Pick<DaemonOverrides, 'begin' | 'store'>;
}

/** The daemon in its fleet: what it reports, and the overrides that it takes. */
export interface DaemonFleet {
  readonly status: FleetStatus;
  /** To be called when the loop has started. */
  start(): void;
  /** To be called with every new state of the loop. */
  changed(): void;
  close(): Promise<void>;
}

/** Joins a fleet before the first pass. Without one, overrides of an earlier fleet are ended. */
export async function joinFleet(
  place: FleetPlace | undefined,
  { table, session, ...ports }: DaemonFleetPorts,
): Promise<DaemonFleet | undefined> {
  if (!place) {
    await table.begin(undefined);
    return undefined;
  }
  const { store } = table;
  const { life, clock } = session.state;
  const overrides = new FleetOverrides({
    ...{ ...place, ...ports, table, now: store.now, date: store.date, random: Math.random },
    kept: openFleetOverrideStore(session.state, place, session.warn),
    onChange: () => member.changed(),
  });
  const member = new FleetMember({ ...place, ...ports, life, overrides, now: () => clock.now() });
  await table.begin(await overrides.open());
  return {
    get status() {
      return member.status;
    },
    start: () => overrides.start(),
    changed: () => {
      overrides.changed();
      member.changed();
    },
    close: async () => {
      await overrides.close();
      await member.close();
    },
  };
}
