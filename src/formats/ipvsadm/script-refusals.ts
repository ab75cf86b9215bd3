import type { IssueCode } from '../../model/issue.ts';
import { isEngineName, isInterfaceName, isSchedulerName } from '../../model/names.ts';
import type { Operation } from '../../model/operation.ts';
import { findLongTimeout, refuseDestinationAddress, refuseThresholds } from '../../model/rules.ts';
import type { Service } from '../../model/service.ts';
import { MAX_TIMEOUT_SECONDS } from '../../model/settings.ts';

interface KernelRefusal {
  readonly code: IssueCode;
  readonly message: string;
}

/** Finds an operation that the kernel refuses for any table. ipvsadm itself does not check this. */
export function findKernelRefusal(operation: Operation): KernelRefusal | undefined {
  switch (operation.kind) {
    case 'add-service':
    case 'edit-service':
      return refuseNames(operation.service);
    case 'start-daemon': {
      const name = operation.daemon.interface;
      if (isInterfaceName(name)) return undefined;
      return {
        code: 'DAEMON',
        message: `${JSON.stringify(name)} cannot be the name of an interface`,
      };
    }
    case 'add-destination':
      return (
        refusal('THRESHOLD', refuseThresholds(operation.destination)) ??
        refusal('ADDRESS', refuseDestinationAddress(operation.destination.address))
      );
    case 'edit-destination':
      return refusal('THRESHOLD', refuseThresholds(operation.destination));
    case 'set-timeouts': {
      const name = findLongTimeout(operation.timeouts);
      if (name === undefined) return undefined;
      const seconds = operation.timeouts[name];
      const message = `a timeout is from 1 to ${MAX_TIMEOUT_SECONDS} seconds, not ${seconds}`;
      return { code: 'OUT_OF_RANGE', message };
    }
    default:
      return undefined;
  }
}

function refuseNames({ scheduler, persistenceEngine }: Service): KernelRefusal | undefined {
  if (!isSchedulerName(scheduler)) {
    const message = `${JSON.stringify(scheduler)} is not the name of a scheduler`;
    return { code: 'SCHEDULER', message };
  }
  if (persistenceEngine === '' || isEngineName(persistenceEngine)) return undefined;
  const message = `${JSON.stringify(persistenceEngine)} is not the name of an engine`;
  return { code: 'PERSISTENCE', message };
}

function refusal(code: IssueCode, message: string | undefined): KernelRefusal | undefined {
  return message === undefined ? undefined : { code, message };
}
