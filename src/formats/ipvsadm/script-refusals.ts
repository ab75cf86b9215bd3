import type { IssueCode } from '../../model/issue.ts';
import type { Operation } from '../../model/operation.ts';
import { findLongTimeout, refuseDestinationAddress, refuseThresholds } from '../../model/rules.ts';
import { MAX_TIMEOUT_SECONDS } from '../../model/settings.ts';

interface KernelRefusal {
  readonly code: IssueCode;
  readonly message: string;
}

/** Finds an operation that the kernel refuses for any table. ipvsadm itself does not check this. */
export function findKernelRefusal(operation: Operation): KernelRefusal | undefined {
  switch (operation.kind) {
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

function refusal(code: IssueCode, message: string | undefined): KernelRefusal | undefined {
  return message === undefined ? undefined : { code, message };
}
