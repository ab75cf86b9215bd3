import type { Address } from '../../../model/address.ts';
import type { Protocol } from '../../../model/service.ts';

/** Known names of hosts and ports. The parser needs answers at once, without a wait for DNS. */
export interface Names {
  /** The first IPv4 address of a host name. */
  address(host: string): Address | undefined;
  port(service: string, protocol: Protocol): number | undefined;
  /** Takes the remarks about the names that were asked for since the last call. */
  takeRemarks?(): readonly NameRemark[];
}

/** A name that a file should not have. */
export type NameRemark =
  | { readonly kind: 'host'; readonly name: string }
  /** A port that only this machine calls so. */
  | { readonly kind: 'local-port'; readonly name: string; readonly port: number }
  /** A port that this machine calls otherwise than every other one. */
  | {
      readonly kind: 'disputed-port';
      readonly name: string;
      readonly port: number;
      readonly here: number;
    };

/** No names at all: a file must mean the same on every machine. */
export const NUMERIC_ONLY: Names = { address: () => undefined, port: () => undefined };
