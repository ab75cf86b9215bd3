import type { Destination, DestinationKey } from '../../model/destination.ts';
import { parseServiceKey, type Service, type ServiceKey, serviceKey } from '../../model/service.ts';
import { type Daemon, TIMEOUT_ATTRIBUTES, type Timeouts } from '../../model/settings.ts';
import { isText } from '../../model/shape.ts';
import type { Effect, Write } from '../../plan/roll-back/writes.ts';
import { isSysctlName } from '../records/records.ts';
import { loadTable } from '../records/stored-table.ts';
import type { Fields, JournalOperation } from './journal-lines.ts';
import { type JournaledWave, operationsOfWave } from './runs.ts';

/**
 * Returns the writes of the operations in a wave, with each object before and after. Refused
 * operations have none. undefined when the journal does not say it: an earlier release or a large
 * run of the ipvsadm front end wrote the wave, or a person edited it.
 */
export function writesOfWave(wave: JournaledWave): readonly Write[] | undefined {
  const earlier: Earlier = new Map();
  const writes: Write[] = [];
  for (const operation of operationsOfWave(wave)) {
    if (operation.result === 'refused') continue;
    const effects = effectsOf(operation, earlier);
    if (!effects) return undefined;
    for (const effect of effects) {
      if ('service' in effect) {
        const objects: EarlierObjects = earlier.get(effect.service) ?? new Map();
        earlier.set(effect.service, objects);
        objects.set(effect.object === 'service' ? OWN : effect.destination, effect.after);
      }
      writes.push({ ...effect, isCertain: operation.result === 'done' });
    }
  }
  return writes;
}

/**
 * The objects of each service that earlier operations of the same wave left: the service itself and
 * its destinations. The journal has an object as it was before the wave.
 */
type Earlier = Map<ServiceKey, EarlierObjects>;
type EarlierObjects = Map<DestinationKey | typeof OWN, Service | Destination | undefined>;

/** The name of a service among the names of its destinations. */
const OWN = '';

function effectsOf(journaled: JournalOperation, earlier: Earlier): Effect[] | undefined {
  const [kind = '', subject = '', name = ''] = journaled.operation.split(' ');
  const service = parseKey(subject);
  const objects = service && earlier.get(service);
  switch (kind) {
    case 'add-service':
    case 'edit-service': {
      const load = (fields: Fields) => loadService(subject, fields);
      const sides = sidesOf(journaled, load, objects, OWN);
      return service && sides && [{ object: 'service', service, ...sides }];
    }
    case 'delete-service':
      return service && deletions(journaled, earlier, service);
    case 'flush':
      return deletions(journaled, earlier);
    case 'add-destination':
    case 'edit-destination':
    case 'delete-destination': {
      const load = (fields: Fields) => loadDestination(subject, name, fields);
      const sides = sidesOf(journaled, load, objects, name as DestinationKey);
      const destination = (sides?.after ?? sides?.before)?.key;
      if (!service || !sides || !destination) return undefined;
      return [{ object: 'destination', service, destination, ...sides }];
    }
    case 'start-daemon':
    case 'stop-daemon': {
      const sides = sidesOf(journaled, (fields) => loadDaemon(subject, fields));
      const role = (sides?.after ?? sides?.before)?.role;
      return sides && role && [{ object: 'daemon', role, ...sides }];
    }
    case 'set-timeouts': {
      const sides = sidesOf(journaled, loadTimeouts);
      return (
        sides &&
        TIMEOUT_ATTRIBUTES.map(({ key }) => ({
          object: 'timeout',
          name: key,
          before: sides.before?.[key],
          after: sides.after?.[key],
        }))
      );
    }
    case 'set-sysctl': {
      const sides = sidesOf(journaled, ({ value }) => (isText(value) ? value : undefined));
      const [sysctl = ''] = subject.split('=');
      return isSysctlName(sysctl) && sides
        ? [{ object: 'sysctl', name: sysctl, ...sides }]
        : undefined;
    }
    case 'zero':
      return [];
    default:
      return undefined;
  }
}

interface Sides<Value> {
  readonly before: Value | undefined;
  readonly after: Value | undefined;
}

/**
 * Returns an object before and after an operation: as an earlier operation of the wave left it, or
 * as the journal has it. undefined when the journal does not say it.
 */
function sidesOf<Value extends Service | Destination | Daemon | Timeouts | string>(
  { operation, before, after, unchanged }: JournalOperation,
  load: (fields: Fields) => Value | undefined,
  earlier: EarlierObjects = new Map(),
  name: DestinationKey | typeof OWN = OWN,
): Sides<Value> | undefined {
  const isAdd = /^(?:add|start)-/.test(operation);
  const isDelete = /^(?:delete|stop)-/.test(operation);
  const ours = after && !isDelete ? load({ ...unchanged, ...after }) : undefined;
  if (!isDelete && ours === undefined) return undefined;
  if (isAdd) return { before: undefined, after: ours };
  const isWhole = isDelete || unchanged !== undefined;
  const stored = before && isWhole ? load({ ...unchanged, ...before }) : undefined;
  // The name stands for an object of the same kind.
  const was = earlier.has(name) ? (earlier.get(name) as Value | undefined) : stored;
  return was === undefined ? undefined : { before: was, after: ours };
}

/** The deletes of services with their destinations: of one service, or of all. */
function deletions(
  { deleted }: JournalOperation,
  earlier: Earlier,
  only?: ServiceKey,
): Effect[] | undefined {
  const stored = loadTable({ services: deleted ?? [] })?.services;
  if (!stored || (!deleted && !(only && earlier.get(only)?.get(OWN)))) return undefined;
  const keys = only ? [only] : new Set([...stored.keys(), ...earlier.keys()]);
  return [...keys].flatMap((service) => {
    const entry = stored.get(service);
    const objects: EarlierObjects = new Map(entry?.destinations);
    objects.set(OWN, entry?.service);
    for (const [name, object] of earlier.get(service) ?? []) objects.set(name, object);
    return [...objects.values()].flatMap((before): Effect[] => {
      if (!before) return [];
      return 'identity' in before
        ? [{ object: 'service', service, before, after: undefined }]
        : [{ object: 'destination', service, destination: before.key, before, after: undefined }];
    });
  });
}

function parseKey(text: string): ServiceKey | undefined {
  const identity = parseServiceKey(text);
  return identity && serviceKey(identity) === text ? (text as ServiceKey) : undefined;
}

function loadService(key: string, fields: Fields): Service | undefined {
  const services = loadTable({ services: [{ ...fields, key, destinations: [] }] })?.services;
  return services?.get(key as ServiceKey)?.service;
}

function loadDestination(service: string, key: string, fields: Fields): Destination | undefined {
  const stored = { services: [{ key: service, destinations: [{ ...fields, key }] }] };
  const entry = loadTable(stored)?.services.get(service as ServiceKey);
  return entry?.destinations.get(key as DestinationKey);
}

function loadDaemon(role: string, fields: Fields): Daemon | undefined {
  return loadTable({ services: [], daemons: [{ ...fields, role }] })?.daemons?.[0];
}

function loadTimeouts(timeouts: Fields): Timeouts | undefined {
  return loadTable({ services: [], timeouts })?.timeouts;
}
