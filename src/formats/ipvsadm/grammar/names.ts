import type { Address } from '../../../model/address.ts';
import type { Protocol } from '../../../model/service.ts';

/** Names of hosts and ports. Asked while parsing, so it answers at once; resolve.ts makes one from real, slow resolvers. */
export interface Names {
  /** The first IPv4 address of a host name. */
  address(host: string): Address | undefined;
  port(service: string, protocol: Protocol): number | undefined;
}

/** Knows no names: for text that must mean the same on every machine. */
export const NUMERIC_ONLY: Names = { address: () => undefined, port: () => undefined };
