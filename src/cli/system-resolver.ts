import { lookup, lookupService } from 'node:dns/promises';
import type { Resolver } from '../ipvsadm/resolve.ts';
import { type Address, parseAddress } from '../model/address.ts';
import { readServiceNames, type ServiceNames } from './service-names.ts';

/** Names as the C library resolves them: /etc/hosts, DNS and whatever else nsswitch.conf names; ports from /etc/services. */
export function systemResolver(): Resolver {
  let names: Promise<ServiceNames> | undefined;
  const services = (): Promise<ServiceNames> => {
    names ??= readServiceNames();
    return names;
  };
  return {
    address: async (host) => {
      const found = await lookup(host, { family: 4 }).catch(() => undefined);
      return found && parseAddress(found.address);
    },
    port: async (service, protocol) => (await services()).port(service, protocol),
    host: async (address: Address) =>
      (await lookupService(address, 0).catch(() => undefined))?.hostname,
    service: async (port, protocol) => (await services()).name(port, protocol),
  };
}
