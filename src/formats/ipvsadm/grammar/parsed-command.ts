import type { Operation } from '../../../model/operation.ts';
import type { ServiceIdentity } from '../../../model/service.ts';

/** A part of a line that ipvsadm accepts in silence although its effect is not the obvious one. */
export interface Caution {
  readonly code: 'NO_EFFECT' | 'PORT' | 'ADDRESS';
  readonly message: string;
  /** Index of the word that has the caution. */
  readonly word: number;
}

/** The same empty list for all lines: the commands of a large file are kept for a while. */
export const NO_CAUTIONS: readonly Caution[] = [];

export interface Modify {
  readonly kind: 'modify';
  readonly operation: Operation;
  readonly cautions: readonly Caution[];
  /** Index of the option that names the service, such as `-t`. */
  readonly serviceWord: number | undefined;
  /** Index of the option `-r`. */
  readonly serverWord: number | undefined;
}

/** The columns of a listing of services; `plain` is a listing without a format option. */
export type ListingFormat =
  | 'plain'
  | 'tun-info'
  | 'stats'
  | 'rate'
  | 'thresholds'
  | 'persistent-conn';

/** The meaning of a command line of ipvsadm. */
export type Command =
  | Modify
  | {
      readonly kind: 'list';
      readonly format: ListingFormat;
      /** undefined: all services. */
      readonly service: ServiceIdentity | undefined;
      readonly numeric: boolean;
      readonly exact: boolean;
      readonly sorted: boolean;
    }
  | { readonly kind: 'list-connections'; readonly numeric: boolean; readonly engineData: boolean }
  | { readonly kind: 'list-timeouts' }
  | { readonly kind: 'list-daemons' }
  | { readonly kind: 'save' }
  | { readonly kind: 'restore' }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' };
