import { lookup, lookupService } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import type { Resolver } from '../../../src/ipvsadm/resolve.ts';
import { parseAddress } from '../../../src/model/address.ts';

/** The names of this machine: those that the real ipvsadm sees, too. */
export function systemResolver(): Resolver {
  const services = readServices();
  return {
    address: async (host) => {
      const found = await lookup(host, { family: 4 }).catch(() => undefined);
      return found && parseAddress(found.address);
    },
    host: async (address) => {
      const found = await lookupService(address, 0).catch(() => undefined);
      return found?.hostname === address ? undefined : found?.hostname;
    },
    port: async (service, protocol) => services.find((each) => each.protocol === protocol && each.names.includes(service))?.port,
    service: async (port, protocol) => services.find((each) => each.protocol === protocol && each.port === port)?.names[0],
  };
}

function readServices(): { names: string[]; port: number; protocol: string }[] {
  return readFileSync('/etc/services', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [name = '', entry = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
      const [port = '', protocol = ''] = entry.split('/');
      return protocol === '' ? [] : [{ names: [name, ...aliases], port: Number(port), protocol }];
    });
}
