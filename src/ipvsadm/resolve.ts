import type { Names } from '../formats/ipvsadm/grammar/names.ts';
import type { Address } from '../model/address.ts';
import type { Protocol } from '../model/service.ts';
import type { EndpointNames } from './listing-endpoints.ts';

/** Looks names and numbers up, in files or over the network; undefined when nothing is known. */
export interface Resolver {
  /** The first IPv4 address of a host. */
  address(host: string): Promise<Address | undefined>;
  port(service: string, protocol: Protocol): Promise<number | undefined>;
  host(address: Address): Promise<string | undefined>;
  service(port: number, protocol: Protocol): Promise<string | undefined>;
}

/**
 * Parses with names. Parsing asks for them synchronously, so it is first done to learn which names there are, and done again once
 * they have all been looked up, at the same time. Text without names is parsed once.
 */
export async function withNames<T>(parse: (names: Names) => T, resolver: Resolver): Promise<T> {
  const addresses = new Map<string, Address | undefined>();
  const ports = new Map<string, number | undefined>();
  for (;;) {
    const pending = new Map<string, () => Promise<void>>();
    const result = parse({
      address: (host) => {
        if (!addresses.has(host))
          pending.set(host, async () => void addresses.set(host, await resolver.address(host)));
        return addresses.get(host);
      },
      port: (service, protocol) => {
        const key = `${protocol} ${service}`;
        if (!ports.has(key))
          pending.set(key, async () => void ports.set(key, await resolver.port(service, protocol)));
        return ports.get(key);
      },
    });
    if (pending.size === 0) return result;
    await Promise.all([...pending.values()].map((lookUp) => lookUp()));
  }
}

/** Prints once to learn which addresses and ports are shown, looks them all up, and prints again with their names. */
export async function withEndpointNames(
  format: (names: EndpointNames) => string,
  resolver: Resolver,
): Promise<string> {
  const hosts = new Map<Address, string | undefined>();
  const services = new Map<
    string,
    { port: number; protocol: Protocol; name: string | undefined }
  >();
  format({
    host: (address) => {
      hosts.set(address, undefined);
      return undefined;
    },
    port: (port, protocol) => {
      services.set(`${protocol} ${port}`, { port, protocol, name: undefined });
      return undefined;
    },
  });
  await Promise.all([
    ...[...hosts.keys()].map(async (address) => hosts.set(address, await resolver.host(address))),
    ...[...services.values()].map(async (entry) => {
      entry.name = await resolver.service(entry.port, entry.protocol);
    }),
  ]);
  return format({
    host: (address) => hosts.get(address),
    port: (port, protocol) => services.get(`${protocol} ${port}`)?.name,
  });
}
