import type { Operation } from '../../../model/operation.ts';
import type { ServiceIdentity } from '../../../model/service.ts';
import type { DaemonRole, Timeouts } from '../../../model/settings.ts';
import { type Command, NO_CAUTIONS } from './command.ts';
import type { CommandName } from './commands.ts';
import { buildDaemon } from './daemon.ts';
import { type Failure, isFailure } from './failure.ts';
import type { Given } from './given.ts';
import type { ListingFormat } from './listing-format.ts';
import { checkListing } from './matrix.ts';
import { buildServer } from './server.ts';
import { buildService } from './service.ts';

/** What the stages before have found out beside the options. */
export interface Evaluated {
  readonly schedulerFlags: number;
  /** Of the daemon commands. */
  readonly role: DaemonRole | undefined;
  /** Of `--set`. */
  readonly timeouts: Timeouts | undefined;
}

/** The command that a line means whose options are all allowed; checks what hangs together. */
export function buildCommand(
  name: CommandName,
  given: Given,
  evaluated: Evaluated,
): Command | Failure {
  switch (name) {
    case 'list':
      return checkListing(given.words) ?? buildListing(given);
    case 'save':
    case 'restore':
    case 'help':
    case 'version':
      return { kind: name };
    default: {
      const operation = buildOperation(name, given, evaluated);
      if (isFailure(operation)) return operation;
      const serviceWord = given.words.get('service-address');
      const serverWord = given.words.get('real-server');
      const cautions = given.cautions.length === 0 ? NO_CAUTIONS : given.cautions;
      return { kind: 'modify', operation, cautions, serviceWord, serverWord };
    }
  }
}

type ModifyingName = Exclude<CommandName, 'list' | 'save' | 'restore' | 'help' | 'version'>;

function buildOperation(
  name: ModifyingName,
  given: Given,
  { schedulerFlags, role, timeouts }: Evaluated,
): Operation | Failure {
  switch (name) {
    case 'add-service':
    case 'edit-service': {
      const service = buildService(given, schedulerFlags);
      return isFailure(service) ? service : { kind: name, service };
    }
    case 'delete-service':
      return { kind: name, service: required(given.service) };
    case 'add-server':
    case 'edit-server':
    case 'delete-server': {
      const destination = buildServer(given, name);
      return isFailure(destination)
        ? destination
        : { kind: DESTINATION_KINDS[name], service: required(given.service), destination };
    }
    case 'flush':
      return { kind: name };
    case 'zero':
      return {
        kind: name,
        service: given.service && isUnspecified(given.service) ? undefined : given.service,
      };
    case 'set':
      return { kind: 'set-timeouts', timeouts: required(timeouts) };
    case 'start-daemon':
      return { kind: name, daemon: buildDaemon(given, required(role)) };
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

/** ipvsadm sends `-Z` with an all-zero address and port without a service, which zeroes everything. */
function isUnspecified(service: ServiceIdentity): boolean {
  return (
    service.kind === 'address' && service.port === 0 && ['0.0.0.0', '::'].includes(service.address)
  );
}

function buildListing(given: Given): Command {
  const numeric = given.words.has('numeric');
  if (given.words.has('connection'))
    return { kind: 'list-connections', numeric, engineData: given.words.has('persistent-conn') };
  if (given.words.has('timeout')) return { kind: 'list-timeouts' };
  if (given.words.has('daemon')) return { kind: 'list-daemons' };
  const format = FORMATS.find((name) => given.words.has(name)) ?? 'plain';
  const exact = given.words.has('exact');
  return {
    kind: 'list',
    format,
    service: given.service,
    numeric,
    exact,
    sorted: !given.words.has('nosort'),
  };
}

/** The first one given wins. */
const FORMATS = [
  'stats',
  'rate',
  'thresholds',
  'persistent-conn',
  'tun-info',
] as const satisfies readonly ListingFormat[];

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the matrix lets no command without it through');
  return value;
}
