import type { Names } from '../formats/ipvsadm/grammar/names.ts';
import type { Address } from '../model/address.ts';
import type { Protocol } from '../model/service.ts';
import type { EndpointNames } from './listing-endpoints.ts';

/** Looks names and numbers up, in files or over the network; undefined for unknown ones. */
export interface Resolver {
  /** The first IPv4 address of a host. */
  address(host: string): Promise<Address | undefined>;
  port(service: string, protocol: Protocol): Promise<number | undefined>;
  host(address: Address): Promise<string | undefined>;
  service(port: number, protocol: Protocol): Promise<string | undefined>;
}

/**
 * Parses a text that may have names. The parser cannot wait for names, so a first pass only
 * collects them. They are all looked up at the same time, and the text is parsed again. A text
 * without names is parsed once.
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

/**
 * Formats a listing with names. A first pass only collects the addresses and ports of the listing;
 * the listing is formatted again when all of them are looked up.
 */
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
