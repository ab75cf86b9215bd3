import { DEFAULT_DESTINATION_SETTINGS } from '../../model/destination.ts';
import { formatOperation, type Operation } from '../../model/operation.ts';
import { defaultServiceSettings, serviceFamily, serviceKey } from '../../model/service.ts';
import { mapTimeouts } from '../../model/settings.ts';
import type { Table } from '../../model/table.ts';
import { storeService } from '../records/stored-table.ts';
import { endOfAdds, journalAdds } from './added-destinations.ts';
import {
  daemonFields,
  destinationFields,
  editedFields,
  type Fields,
  type JournalOperation,
  serviceFields,
  timeoutFields,
} from './journal-lines.ts';

/**
 * Describes the operations of a wave, with the settings that they change in the table from before
 * the wave.
 */
export function journalOperations(
  wave: readonly Operation[],
  table: Table | undefined,
): JournalOperation[] {
  const entries: JournalOperation[] = [];
  for (let start = 0; start < wave.length; ) {
    const end = endOfAdds(wave, start);
    const operation = wave[start] as Operation;
    entries.push(
      end === undefined ? journalOperation(operation, table) : journalAdds(wave.slice(start, end)),
    );
    start = end ?? start + 1;
  }
  return entries;
}

/**
 * Describes an operation, with the settings that it changes in the table from before its wave.
 * Together with `unchanged` and `deleted` they are enough to roll the operation back.
 */
export function journalOperation(operation: Operation, table: Table | undefined): JournalOperation {
  const { before, after, defaults = {}, deleted } = sides(operation, table);
  const shown =
    before && after
      ? editedFields(before, after, defaults)
      : { ...(before && { before }), ...(after && { after }), ...(deleted && { deleted }) };
  return { operation: formatOperation(operation), ...shown };
}

const DESTINATION_DEFAULTS: Fields = { ...DEFAULT_DESTINATION_SETTINGS };

interface Sides {
  readonly before?: Fields | undefined;
  readonly after?: Fields | undefined;
  /** Settings with these values need not be told of an object that is edited. */
  readonly defaults?: Fields;
  readonly deleted?: readonly unknown[] | undefined;
}

function sides(operation: Operation, table: Table | undefined): Sides {
  switch (operation.kind) {
    case 'add-service':
      return { after: serviceFields(operation.service) };
    case 'edit-service': {
      const { service } = operation;
      const live = table?.services.get(service.key);
      return {
        before: live && serviceFields(live.service),
        after: serviceFields(service),
        defaults: { ...defaultServiceSettings(serviceFamily(service.identity)) },
      };
    }
    case 'delete-service': {
      const live = table?.services.get(serviceKey(operation.service));
      return {
        before: live && { ...serviceFields(live.service), destinations: live.destinations.size },
        deleted: live && [storeService(live)],
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
        : {
            before,
            after: destinationFields(operation.destination),
            defaults: DESTINATION_DEFAULTS,
          };
    }
    case 'set-sysctl': {
      const live = table?.sysctls?.get(operation.name);
      return {
        before: live === undefined ? undefined : { value: live },
        after: { value: operation.value },
      };
    }
    case 'set-timeouts': {
      const live = table?.timeouts;
      const { timeouts } = operation;
      return {
        before: live && timeoutFields(live),
        after: timeoutFields(live ? mapTimeouts((name) => timeouts[name] || live[name]) : timeouts),
      };
    }
    case 'start-daemon':
      return { after: daemonFields(operation.daemon) };
    case 'stop-daemon': {
      const live = table?.daemons.find(({ role }) => role === operation.role);
      return { before: live && daemonFields(live) };
    }
    case 'flush':
      return { deleted: table && [...table.services.values()].map(storeService) };
    case 'zero':
      return {};
    default:
      return operation satisfies never;
  }
}
