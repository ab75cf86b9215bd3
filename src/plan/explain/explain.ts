import type { Fields, FieldValue } from '../../model/attributes.ts';
import type { Desired } from '../../model/desired.ts';
import type { DestinationKey } from '../../model/destination.ts';
import type { Origins, ServiceOrigins } from '../../model/origin.ts';
import type { ServicePolicy } from '../../model/policy.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { ServiceEntry } from '../../model/table.ts';
import { type Action, type Change, changeAction } from '../change.ts';
import { destinationFields, serviceFields } from '../fields.ts';
import type {
  ExplainedAttribute,
  ExplainedDestination,
  Explanation,
  LiveState,
  Subject,
} from './explanation.ts';
import { influencesOn, type Surroundings } from './influences.ts';

/** Explains a service or a destination that a file has, or that is live. */
export function explain(
  subject: Subject,
  desired: Desired,
  origins: ServiceOrigins | undefined,
  surroundings: Surroundings,
): Explanation {
  const { service, destination } = subject;
  const { snapshot, planned } = surroundings;
  const sides = {
    desired: desired.services.get(service),
    live: snapshot?.table.services.get(service),
    planned: planned?.plan.desired.services.get(service),
  };
  const changes = changesTo(service, planned?.plan.changes ?? []);
  const policy = desired.policy?.services.get(service);
  const own = destination === undefined ? origins?.service : origins?.destinations.get(destination);
  return {
    ...subject,
    name: desired.names.get(service),
    position: desired.locate(service, destination),
    isDesired: has(sides.desired, destination),
    live: liveState(sides.live, destination, surroundings),
    action: actionOn(destination, changes),
    attributes: attributesOf(destination, sides, policy, own),
    influences: influencesOn(subject, desired, origins, surroundings),
    destinations:
      destination === undefined ? destinationsOf(subject, desired, surroundings, changes) : [],
  };
}

interface Sides {
  readonly desired: ServiceEntry | undefined;
  readonly live: ServiceEntry | undefined;
  readonly planned: ServiceEntry | undefined;
}

function attributesOf(
  destination: DestinationKey | undefined,
  sides: Sides,
  policy: ServicePolicy | undefined,
  origins: Origins | undefined,
): ExplainedAttribute[] {
  const fields = {
    desired: fieldsOf(sides.desired, destination),
    live: fieldsOf(sides.live, destination),
    planned: fieldsOf(sides.planned, destination),
  };
  const names = Object.keys(fields.desired ?? fields.live ?? {});
  const own = names.map((name) => ({
    name,
    desired: fields.desired?.[name],
    origin: origins?.get(name),
    live: fields.live?.[name],
    planned: fields.planned?.[name],
  }));
  if (!fields.desired) return own;
  const ofPolicy = Object.entries(policyFields(destination, policy)).map(([name, value]) => ({
    name,
    desired: value,
    origin: origins?.get(name),
    live: undefined,
    planned: undefined,
  }));
  return [...own, ...ofPolicy];
}

function fieldsOf(
  entry: ServiceEntry | undefined,
  destination: DestinationKey | undefined,
): Fields | undefined {
  if (destination === undefined) return entry && serviceFields(entry.service);
  const found = entry?.destinations.get(destination);
  return found && destinationFields(found);
}

/** The attributes that say how the desired state is reached. The live table does not have them. */
function policyFields(
  destination: DestinationKey | undefined,
  policy: ServicePolicy | undefined,
): Fields {
  if (destination !== undefined) {
    const { weight = false, thresholds = false } = policy?.preserve.get(destination) ?? {};
    const preserve: FieldValue = [
      ...(weight ? ['weight'] : []),
      ...(thresholds ? ['thresholds'] : []),
    ];
    return { preserve };
  }
  const { protect = false, drain } = policy ?? {};
  return {
    'drain.timeout': drain?.timeoutSeconds ?? null,
    ...(drain && { 'drain.linger': drain.lingerSeconds }),
    protect,
  };
}

function destinationsOf(
  { service }: Subject,
  desired: Desired,
  surroundings: Surroundings,
  changes: readonly OwnChange[],
): ExplainedDestination[] {
  const wanted = desired.services.get(service);
  const live = surroundings.snapshot?.table.services.get(service);
  const keys = new Set([
    ...(wanted?.destinations.keys() ?? []),
    ...(live?.destinations.keys() ?? []),
  ]);
  return [...keys].map((destination) => ({
    destination,
    position: desired.locate(service, destination),
    isDesired: has(wanted, destination),
    live: liveState(live, destination, surroundings),
    action: actionOn(destination, changes),
  }));
}

function has(entry: ServiceEntry | undefined, destination: DestinationKey | undefined): boolean {
  return destination === undefined
    ? entry !== undefined
    : entry?.destinations.has(destination) === true;
}

function liveState(
  live: ServiceEntry | undefined,
  destination: DestinationKey | undefined,
  { snapshot }: Surroundings,
): LiveState {
  if (!snapshot) return 'not read';
  return has(live, destination) ? 'there' : 'missing';
}

type OwnChange = Extract<Change, { readonly service: ServiceKey }>;

/** The changes to a service and to its destinations. */
function changesTo(service: ServiceKey, changes: readonly Change[]): OwnChange[] {
  return changes.filter(
    (change): change is OwnChange => 'service' in change && change.service === service,
  );
}

/** Finds what `apply` does to an object. A deleted service takes its destinations with it. */
function actionOn(
  destination: DestinationKey | undefined,
  changes: readonly OwnChange[],
): Action | undefined {
  const found = changes.find((change) => {
    const own = change.object === 'destination' ? change.destination : undefined;
    return own === destination || (own === undefined && !change.after);
  });
  return found && changeAction(found);
}
