import { lookup, lookupService } from 'node:dns/promises';
import { type PortNames, parsePortNames, wellKnownPort } from '../formats/port-names.ts';
import type { Resolver } from '../ipvsadm/resolve.ts';
import { parseAddress } from '../model/address.ts';
import { readPortNames } from '../sources/port-names.ts';

/**
 * Resolves hosts as the C library does, by the sources of nsswitch.conf such as /etc/hosts and DNS,
 * and ports by /etc/services. A port that this file lacks has the number that every machine knows.
 */
export function systemResolver(): Resolver {
  let names: Promise<PortNames> | undefined;
  const portNames = (): Promise<PortNames> => {
    // The C library goes on without a file that it cannot read, too.
    names ??= readPortNames().catch(() => parsePortNames(''));
    return names;
  };
  return {
    address: async (host) => {
      const found = await lookup(host, { family: 4 }).catch(() => undefined);
      return found && parseAddress(found.address);
    },
    port: async (service, protocol) =>
      (await portNames()).port(service, protocol) ?? wellKnownPort(service),
    host: async (address) => (await lookupService(address, 0).catch(() => undefined))?.hostname,
    service: async (port, protocol) => (await portNames()).name(port, protocol),
  };
}
