import type { Address } from '../../../model/address.ts';
import type { Protocol } from '../../../model/service.ts';

/** Known names of hosts and ports. The parser needs answers at once, without a wait for DNS. */
export interface Names {
  /** The first IPv4 address of a host name. */
  address(host: string): Address | undefined;
  port(service: string, protocol: Protocol): number | undefined;
}

/** No names at all: a file must mean the same on every machine. */
export const NUMERIC_ONLY: Names = { address: () => undefined, port: () => undefined };
