import { IpvstateError } from '../../errors.ts';
import {
  type FleetOverride,
  type FleetOverrideEntry,
  overrideOn,
  stillHas,
} from '../../fleet/fleet-override.ts';
import { isReason, REASON_LENGTH } from '../../model/override.ts';
import { printable } from '../../model/printable.ts';
import { isServiceAddress } from '../../plan/find-service.ts';
import { selectionOf, targetsOf } from '../../plan/overrides/override-target.ts';
import { EXIT } from '../../render/exit.ts';
import { FLEET_FORMATS } from '../../render/fleet.ts';
import { formatFleetOverrides } from '../../render/fleet-overrides.ts';
import { describeTarget } from '../../render/override-report.ts';
import { listOf } from '../../render/rollout.ts';
import { EtcdOutcomeUnknownError } from '../../sources/etcd/failures.ts';
import {
  endFleetOverrides,
  readFleetOverrides,
  setFleetOverride,
} from '../../sources/etcd/fleet-overrides.ts';
import { type Fleet, readFleet } from '../../sources/etcd/nodes.ts';
import { wrongUsage } from '../declare/wrong-usage.ts';
import { authorOf } from '../push-author.ts';
import { type FleetCall, waitFor } from './fleet-call.ts';
import { readNameable } from './nameable.ts';

const DEFAULT_SECONDS = 3600;

/** `held`: a director says why it does not set the weight. `over`: the drain has ended. */
type Outcome = 'waiting' | 'done' | 'held' | 'over';

/** Gives a server weight 0 on all directors, for a time. */
export async function drain(call: FleetCall): Promise<number> {
  const { client, prefix, options, environment } = call;
  const { service = null, for: time = DEFAULT_SECONDS, reason = '' } = options;
  const destinations = [subjectOf(call)];
  if (!isReason(reason))
    throw wrongUsage(`\`fleet drain\` takes a --reason of at most ${REASON_LENGTH} characters`);
  const [target] = targetsOf({ service, destinations }, await readNameable(client, prefix));
  if (!target?.destination) throw new Error('a word names no target');
  const { author, created } = authorOf(await environment.state());
  const seconds = time === 'ever' ? null : time;
  const until = seconds === null ? null : new Date(Date.parse(created) + seconds * 1000);
  const override: FleetOverride = {
    ...{ service: target.service, destination: target.destination, weight: 0 },
    ...{ by: printable(author).slice(0, REASON_LENGTH), reason, since: created },
    until: until?.toISOString() ?? null,
  };
  await setFleetOverride(client, prefix, override, seconds).catch(mayBeDone);
  const ownOf = ({ overrides }: Fleet): Fleet['overrides'] =>
    overrides.filter(
      (each) =>
        each.override?.service === override.service &&
        each.override.destination === override.destination,
    );
  return watch(call, ownOf, (fleet) => {
    const [own] = ownOf(fleet);
    return own ? outcomeOf(own, fleet) : 'over';
  });
}

function outcomeOf(own: FleetOverrideEntry, { nodes }: Fleet): Outcome {
  const effects = nodes.map((node) => overrideOn(node, own));
  if (effects.some(({ stage }) => stage === 'over')) return 'over';
  if (effects.some(({ stage, why }) => stage === 'held' && why !== undefined)) return 'held';
  const isOnAll = effects.length > 0 && effects.every(({ stage }) => stage === 'in-effect');
  return isOnAll ? 'done' : 'waiting';
}

/** Ends the drains of a server on all directors. */
export async function undrain(call: FleetCall): Promise<number> {
  const { client, prefix, options, environment } = call;
  const { output } = environment;
  const selector = { service: options.service ?? null, destinations: [subjectOf(call)] };
  const { overrides } = await readFleetOverrides(client, prefix);
  // Overrides can be ended also while the files cannot be read. Only names are not known then.
  const nameable = await readNameable(client, prefix).catch((error: unknown) => {
    const isNamed = selector.service !== null && !isServiceAddress(selector.service);
    if (!(error instanceof IpvstateError) || isNamed) throw error;
    return undefined;
  });
  const drains = overrides.flatMap((each) =>
    each.override?.weight === 0 ? [{ ...each, override: each.override }] : [],
  );
  const { covers } = selectionOf(
    selector,
    nameable,
    drains.map(({ override }) => override),
  );
  const ended = drains.filter(({ override }) => covers(override));
  if (ended.length > 0) await endFleetOverrides(client, ended).catch(mayBeDone);
  else output.note('ipvstate: nothing to end: there is no such drain of the fleet\n');
  for (const { override } of ended)
    output.note(`ipvstate: ended: ${printable(describeTarget(override))}\n`);
  const isLeftOn = (fleet: Fleet): string[] =>
    fleet.nodes
      .filter((node) => ended.some((each) => stillHas(node, each)))
      .map(({ name }) => name);
  return watch(
    call,
    (fleet) => fleet.overrides,
    (fleet) => (isLeftOn(fleet).length > 0 ? 'waiting' : 'done'),
    (fleet) => output.note(`ipvstate: not ended yet on ${listOf(isLeftOn(fleet))}\n`),
  );
}

/** Waits for the directors when `--wait` is given. Prints the overrides that `shown` finds. */
async function watch(
  call: FleetCall,
  shown: (fleet: Fleet) => Fleet['overrides'],
  outcomeIn: (fleet: Fleet) => Outcome,
  explain?: (fleet: Fleet) => void,
): Promise<number> {
  const { client, prefix, options, environment } = call;
  const { output } = environment;
  const isWaiting = options.wait !== undefined;
  const isOver = (fleet: Fleet): boolean => outcomeIn(fleet) !== 'waiting';
  const fleet = await (isWaiting ? waitFor(isOver, call) : readFleet(client, prefix));
  const outcome = outcomeIn(fleet);
  const { width } = output.layout('stdout');
  output.print(
    options.output === 'text'
      ? formatFleetOverrides(shown(fleet), fleet.nodes, width)
      : FLEET_FORMATS.json(fleet),
  );
  if (!isWaiting || outcome === 'done') return EXIT.ok;
  explain?.(fleet);
  return outcome === 'held' ? EXIT.partial : EXIT['not-confirmed'];
}

function subjectOf({ action, subject, options: { wait } }: FleetCall): string {
  if (subject === undefined)
    throw wrongUsage(`\`fleet ${action}\` needs the address of a server, such as 10.1.0.11`);
  if (wait !== undefined && wait !== true)
    throw wrongUsage(`\`fleet ${action}\` takes --wait without a generation`);
  return subject;
}

function mayBeDone(error: unknown): never {
  if (!(error instanceof EtcdOutcomeUnknownError)) throw error;
  throw new IpvstateError('NO_INPUT', `${error.message}; it may have been done`, {
    hint: 'Run the command again: it does no harm twice.',
  });
}
