import { lookup, lookupService } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import type { Resolver } from '../ipvsadm/resolve.ts';
import { parseAddress } from '../model/address.ts';
import type { Protocol } from '../model/service.ts';

/**
 * Resolves hosts as the C library does, by the sources of nsswitch.conf such as /etc/hosts and DNS,
 * and ports by /etc/services.
 */
export function systemResolver(): Resolver {
  let names: Promise<ServiceNames> | undefined;
  const serviceNames = (): Promise<ServiceNames> => {
    names ??= readServiceNames();
    return names;
  };
  return {
    address: async (host) => {
      const found = await lookup(host, { family: 4 }).catch(() => undefined);
      return found && parseAddress(found.address);
    },
    port: async (service, protocol) => (await serviceNames()).port(service, protocol),
    host: async (address) => (await lookupService(address, 0).catch(() => undefined))?.hostname,
    service: async (port, protocol) => (await serviceNames()).name(port, protocol),
  };
}

/** Names of ports. */
interface ServiceNames {
  port(name: string, protocol: Protocol): number | undefined;
  name(port: number, protocol: Protocol): string | undefined;
}

/** Reads this machine's /etc/services. There are no names when the file does not exist. */
async function readServiceNames(): Promise<ServiceNames> {
  return parseServiceNames(await readFile('/etc/services', 'utf8').catch(() => ''));
}

/**
 * Parses an /etc/services: lines of a name, `port/protocol`, aliases and a comment. The first line
 * that fits a name or a port wins.
 */
export function parseServiceNames(text: string): ServiceNames {
  const ports = new Map<string, number>();
  const names = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [name, entry = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    const [, port, protocol] = /^(\d{1,5})\/(\w+)$/.exec(entry) ?? [];
    if (!name || port === undefined || protocol === undefined) continue;
    for (const word of [name, ...aliases])
      if (!ports.has(`${word}/${protocol}`)) ports.set(`${word}/${protocol}`, Number(port));
    if (!names.has(`${port}/${protocol}`)) names.set(`${port}/${protocol}`, name);
  }
  return {
    port: (name, protocol) => ports.get(`${name}/${protocol}`),
    name: (port, protocol) => names.get(`${port}/${protocol}`),
  };
}
