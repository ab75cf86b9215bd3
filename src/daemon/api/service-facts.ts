import type { DestinationKey } from '../../model/destination.ts';
import { formatDuration } from '../../model/duration.ts';
import type { ServiceKey } from '../../model/service.ts';
import { type Change, changeAction } from '../../plan/change.ts';
import { changeFields, fieldChanges, formatFieldValue } from '../../plan/fields.ts';
import { partOf } from '../../reconcile/loop/contest.ts';
import type { LoopState } from '../../reconcile/loop/loop-state.ts';
import { describeOverride } from '../../render/overrides.ts';
import type { Status } from '../status/status.ts';
import { describePause } from '../status/status-text.ts';
import { healthFacts } from './destination-health.ts';
import { SERVICE_STATES, type ServiceState } from './documents.ts';

/** Something that is true of a service, or of one destination of it. */
export interface Fact {
  readonly destination?: DestinationKey;
  readonly state: Exclude<ServiceState, 'ok'>;
  readonly note: string;
}

/** The facts of the services. Those of a service are sorted: the worst first. */
export interface ServiceFacts {
  of(service: ServiceKey): readonly Fact[];
  /** False when nobody knows whether the services are as the files say. */
  readonly isKnown: boolean;
  /** The services that have facts of their own. */
  readonly services: Iterable<ServiceKey>;
}

type ObjectChange = Extract<Change, { readonly service: ServiceKey }>;

/**
 * Collects what the loop knows of each service. The health is made of the same. `notKnown` says why
 * nobody knows whether the services are as the files say.
 */
export function serviceFacts(
  state: LoopState,
  status: Status,
  notKnown: string | undefined,
): ServiceFacts {
  const facts = new Map<ServiceKey, Fact[]>();
  const add = (service: string, fact: Fact): void => {
    const own = facts.get(service as ServiceKey);
    if (own) own.push(fact);
    else facts.set(service as ServiceKey, [fact]);
  };
  for (const service of state.unserved)
    add(service, { state: 'unserved', note: 'usable servers in the files and none in the kernel' });
  for (const change of objectChanges(state.refused?.plan.changes))
    add(change.service, { ...about(change), state: 'held', note: `held back: ${titleOf(change)}` });
  for (const { part, reason, hint } of state.refusedParts)
    add(part, { state: 'refused', note: hint === undefined ? reason : `${reason} (${hint})` });
  addDifferences(state, add);
  const { paused, unserved_by_overrides = [] } = status;
  const pause = paused && pausedFact(describePause(paused));
  if (pause) for (const service of paused.services ?? []) add(service, pause);
  for (const { service, ...fact } of healthFacts(state.checked)) add(service, fact);
  for (const { service, destination, seconds_left } of status.drains)
    add(service, {
      destination: destination as DestinationKey,
      state: 'draining',
      note: `drains, at most ${formatDuration(seconds_left)} more`,
    });
  for (const service of unserved_by_overrides)
    add(service, { state: 'overridden', note: 'overrides leave it no usable server' });
  for (const note of state.overrides)
    add(note.service, {
      destination: note.destination,
      state: 'overridden',
      note: describeOverride(note),
    });
  const everywhere: Fact[] = [
    ...(notKnown === undefined ? [] : [{ state: 'unknown', note: notKnown } as const]),
    ...(pause && !paused.services ? [pause] : []),
  ];
  return {
    of: (service) => sorted([...(facts.get(service) ?? []), ...everywhere]),
    isKnown: notKnown === undefined,
    services: facts.keys(),
  };
}

/** Splits the differences as the health does, and leaves out those of refused services. */
function addDifferences(state: LoopState, add: (service: string, fact: Fact) => void): void {
  const refused = new Set<string>(state.refusedParts.map(({ part }) => part));
  const contested = new Map<string, string[]>();
  for (const { part, name } of state.contested)
    contested.set(part, [...(contested.get(part) ?? []), name]);
  const held = new Set(state.refused?.plan.changes.map(partOf));
  for (const change of objectChanges(state.drift?.changes)) {
    const part = partOf(change);
    if (refused.has(part)) continue;
    const names = contested.get(part);
    if (names) {
      const why = `another program keeps changing ${names.join(', ')}`;
      const note = `${titleOf(change)}; left alone, because ${why}`;
      add(change.service, { ...about(change), state: 'contested', note });
    } else if (!held.has(part)) {
      add(change.service, { ...about(change), state: 'drifted', note: titleOf(change) });
    }
  }
}

function objectChanges(changes: readonly Change[] | undefined): ObjectChange[] {
  return (changes ?? []).filter(
    (change): change is ObjectChange =>
      change.object === 'service' || change.object === 'destination',
  );
}

function about(change: ObjectChange): Pick<Fact, 'destination'> {
  return change.object === 'destination' ? { destination: change.destination } : {};
}

/** Says what a change does, such as `10.0.0.1:80 is to be added`. */
function titleOf(change: ObjectChange): string {
  const name = change.object === 'destination' ? change.destination : 'the service';
  const action = changeAction(change);
  if (action === 'add') return `${name} is to be added`;
  if (action === 'delete') return `${name} is to be deleted`;
  const { before, after } = changeFields(change);
  const fields = before && after ? fieldChanges(before, after) : [];
  const edits = fields.map(({ field, ...edit }) => {
    const [was, becomes] = [edit.before, edit.after].map((value) => formatFieldValue(field, value));
    return `${field} ${was} is to be ${becomes}`;
  });
  return `${name}: ${edits.join(', ')}`;
}

function pausedFact(description: string): Fact {
  return { state: 'paused', note: `paused ${description}` };
}

function sorted(facts: readonly Fact[]): readonly Fact[] {
  return facts.toSorted(
    (a, b) => SERVICE_STATES.indexOf(a.state) - SERVICE_STATES.indexOf(b.state),
  );
}
