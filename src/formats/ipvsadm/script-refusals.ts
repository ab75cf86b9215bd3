import type { Address } from '../../model/address.ts';
import type { Destination } from '../../model/destination.ts';
import type { IssueCode } from '../../model/issue.ts';
import type { Operation } from '../../model/operation.ts';
import { isMulticast } from './grammar/multicast.ts';

/** What the kernel would refuse whatever the table holds; ipvsadm itself does not look. */
export function findKernelRefusal(
  operation: Operation,
): { readonly code: IssueCode; readonly message: string } | undefined {
  if (operation.kind !== 'add-destination' && operation.kind !== 'edit-destination')
    return undefined;
  const { destination } = operation;
  return (
    refuseThresholds(destination) ??
    (operation.kind === 'add-destination' ? refuseAddress(destination.address) : undefined)
  );
}

/** kernel: ip_vs_ctl.c ip_vs_add_dest, ip_vs_edit_dest: ERANGE. */
function refuseThresholds({
  lowerThreshold,
  upperThreshold,
}: Destination): { code: IssueCode; message: string } | undefined {
  if (lowerThreshold <= upperThreshold) return undefined;
  return {
    code: 'THRESHOLD',
    message: `the lower threshold ${lowerThreshold} is above the upper one ${upperThreshold}`,
  };
}

/** kernel: ip_vs_ctl.c __ip_vs_add_dest wants unicast or local addresses; what is local to a host cannot be known from text. */
function refuseAddress(address: Address): { code: IssueCode; message: string } | undefined {
  if (
    !isMulticast(address) &&
    address !== '0.0.0.0' &&
    address !== '::' &&
    address !== '255.255.255.255'
  )
    return undefined;
  return {
    code: 'ADDRESS',
    message: `${address} is not a unicast address, the kernel takes no such server`,
  };
}
