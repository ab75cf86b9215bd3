import { formatOperation, type Operation } from '../../model/operation.ts';
import { serviceKey } from '../../model/service.ts';
import type { Table } from '../../model/table.ts';
import {
  daemonFields,
  destinationFields,
  type Fields,
  type JournalOperation,
  onlyDifferent,
  serviceFields,
  timeoutFields,
} from './journal-lines.ts';

/** Describes an operation, with the settings that it changes in the table from before its wave. */
export function journalOperation(operation: Operation, table: Table | undefined): JournalOperation {
  const { before, after } = sides(operation, table);
  const shown =
    before && after
      ? onlyDifferent(before, after)
      : { ...(before && { before }), ...(after && { after }) };
  return { operation: formatOperation(operation), ...shown };
}

interface Sides {
  readonly before?: Fields | undefined;
  readonly after?: Fields | undefined;
}

function sides(operation: Operation, table: Table | undefined): Sides {
  switch (operation.kind) {
    case 'add-service':
      return { after: serviceFields(operation.service) };
    case 'edit-service': {
      const live = table?.services.get(operation.service.key);
      return {
        before: live && serviceFields(live.service),
        after: serviceFields(operation.service),
      };
    }
    case 'delete-service': {
      const live = table?.services.get(serviceKey(operation.service));
      return {
        before: live && { ...serviceFields(live.service), destinations: live.destinations.size },
      };
    }
    case 'add-destination':
      return { after: destinationFields(operation.destination) };
    case 'edit-destination':
    case 'delete-destination': {
      const live = table?.services
        .get(serviceKey(operation.service))
        ?.destinations.get(operation.destination.key);
      const before = live && destinationFields(live);
      return operation.kind === 'delete-destination'
        ? { before }
        : { before, after: destinationFields(operation.destination) };
    }
    case 'set-sysctl': {
      const live = table?.sysctls?.get(operation.name);
      return {
        before: live === undefined ? undefined : { value: live },
        after: { value: operation.value },
      };
    }
    case 'set-timeouts':
      return {
        before: table && timeoutFields(table.timeouts),
        after: timeoutFields(operation.timeouts),
      };
    case 'start-daemon':
      return { after: daemonFields(operation.daemon) };
    case 'stop-daemon': {
      const live = table?.daemons.find(({ role }) => role === operation.role);
      return { before: live && daemonFields(live) };
    }
    case 'zero':
    case 'flush':
      return {};
    default:
      return operation satisfies never;
  }
}
