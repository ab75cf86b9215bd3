import { parseAddress } from '../../../model/address.ts';
import { cutToBytes } from '../../../model/names.ts';
import { type Daemon, type DaemonRole, INTERFACE_NAME_LENGTH } from '../../../model/settings.ts';
import type { Given } from './given.ts';

export function parseRole(text: string | undefined): DaemonRole | undefined {
  return text === 'master' || text === 'backup' ? text : undefined;
}

/** The daemon of `--start-daemon`; what is not given is left to the kernel, but for ipvsadm's `eth0` and sync id 0. */
export function buildDaemon(given: Given, role: DaemonRole): Daemon {
  const group = given.texts['mcast-group'];
  return {
    role,
    interface: cutToBytes(given.texts['mcast-interface'] ?? '', INTERFACE_NAME_LENGTH) || 'eth0',
    syncId: given.numbers.syncid ?? 0,
    maxLength: given.numbers['sync-maxlen'] ?? 0,
    group: group === undefined ? undefined : parseAddress(group),
    port: given.numbers['mcast-port'] ?? 0,
    ttl: given.numbers['mcast-ttl'] ?? 0,
  };
}
