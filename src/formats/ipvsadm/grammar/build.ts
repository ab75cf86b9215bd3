import { parseAddress } from '../../../model/address.ts';
import { cutToBytes } from '../../../model/names.ts';
import type { Operation } from '../../../model/operation.ts';
import type { ServiceIdentity } from '../../../model/service.ts';
import {
  type Daemon,
  type DaemonRole,
  INTERFACE_NAME_LENGTH,
  type Timeouts,
} from '../../../model/settings.ts';
import { checkListingOptions } from './allowed-options.ts';
import type { CommandName } from './commands.ts';
import { type Failure, isFailure } from './failure.ts';
import { type Command, type ListingFormat, NO_CAUTIONS } from './parsed-command.ts';
import type { OptionValues } from './read-options.ts';
import { buildServer } from './server.ts';
import { buildService } from './service.ts';

/** Values that are already read and are not in `OptionValues`. */
interface CheckedValues {
  readonly schedulerFlags: number;
  /** The word after `--start-daemon` or `--stop-daemon`. */
  readonly role: DaemonRole | undefined;
  /** The words after `--set`. */
  readonly timeouts: Timeouts | undefined;
}

/**
 * The meaning of a line. Each option is allowed; here the rules between their values are checked.
 */
export function buildCommand(
  name: CommandName,
  values: OptionValues,
  checked: CheckedValues,
): Command | Failure {
  switch (name) {
    case 'list':
      return checkListingOptions(values.words) ?? buildListing(values);
    case 'save':
    case 'restore':
    case 'help':
    case 'version':
      return { kind: name };
    default: {
      const operation = buildOperation(name, values, checked);
      if (isFailure(operation)) return operation;
      const serviceWord = values.words.get('service-address');
      const serverWord = values.words.get('real-server');
      const cautions = values.cautions.length === 0 ? NO_CAUTIONS : values.cautions;
      return { kind: 'modify', operation, cautions, serviceWord, serverWord };
    }
  }
}

type ModifyingName = Exclude<CommandName, 'list' | 'save' | 'restore' | 'help' | 'version'>;

function buildOperation(
  name: ModifyingName,
  values: OptionValues,
  { schedulerFlags, role, timeouts }: CheckedValues,
): Operation | Failure {
  switch (name) {
    case 'add-service':
    case 'edit-service': {
      const service = buildService(values, schedulerFlags);
      return isFailure(service) ? service : { kind: name, service };
    }
    case 'delete-service':
      return { kind: name, service: required(values.service) };
    case 'add-server':
    case 'edit-server':
    case 'delete-server': {
      const destination = buildServer(values, name);
      return isFailure(destination)
        ? destination
        : { kind: DESTINATION_KINDS[name], service: required(values.service), destination };
    }
    case 'flush':
      return { kind: name };
    case 'zero':
      return {
        kind: name,
        service: values.service && isUnspecified(values.service) ? undefined : values.service,
      };
    case 'set':
      return { kind: 'set-timeouts', timeouts: required(timeouts) };
    case 'start-daemon':
      return { kind: name, daemon: buildDaemon(values, required(role)) };
    case 'stop-daemon':
      return { kind: name, role: required(role) };
    default:
      return name satisfies never;
  }
}

const DESTINATION_KINDS = {
  'add-server': 'add-destination',
  'edit-server': 'edit-destination',
  'delete-server': 'delete-destination',
} as const;

/**
 * ipvsadm sends `-Z` of an all-zero address and port without a service, which zeroes all services.
 */
function isUnspecified(service: ServiceIdentity): boolean {
  return (
    service.kind === 'address' && service.port === 0 && ['0.0.0.0', '::'].includes(service.address)
  );
}

/**
 * The daemon of `--start-daemon`. Without their options the interface is `eth0` and the sync id 0,
 * as in ipvsadm; the kernel decides the other values.
 */
function buildDaemon(values: OptionValues, role: DaemonRole): Daemon {
  const group = values.texts['mcast-group'];
  return {
    role,
    interface: cutToBytes(values.texts['mcast-interface'] ?? '', INTERFACE_NAME_LENGTH) || 'eth0',
    syncId: values.numbers.syncid ?? 0,
    maxLength: values.numbers['sync-maxlen'] ?? 0,
    group: group === undefined ? undefined : parseAddress(group),
    port: values.numbers['mcast-port'] ?? 0,
    ttl: values.numbers['mcast-ttl'] ?? 0,
  };
}

function buildListing(values: OptionValues): Command {
  const numeric = values.words.has('numeric');
  if (values.words.has('connection'))
    return { kind: 'list-connections', numeric, engineData: values.words.has('persistent-conn') };
  if (values.words.has('timeout')) return { kind: 'list-timeouts' };
  if (values.words.has('daemon')) return { kind: 'list-daemons' };
  const format = FORMATS.find((name) => values.words.has(name)) ?? 'plain';
  const exact = values.words.has('exact');
  return {
    kind: 'list',
    format,
    service: values.service,
    numeric,
    exact,
    sorted: !values.words.has('nosort'),
  };
}

/** Formats with an option. The first format of this list wins. */
const FORMATS = [
  'stats',
  'rate',
  'thresholds',
  'persistent-conn',
  'tun-info',
] as const satisfies readonly ListingFormat[];

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a command without a required value was accepted');
  return value;
}
