import type { Operation } from '../../../model/operation.ts';
import type { ServiceIdentity } from '../../../model/service.ts';
import type { ListingFormat } from './listing-format.ts';

/** Something that ipvsadm accepts without a word although it does not do what it seems to. */
export interface Caution {
  readonly code: 'NO_EFFECT' | 'PORT' | 'ADDRESS';
  readonly message: string;
  /** Index of the word that it is about. */
  readonly word: number;
}

/** One for all of the lines that are kept until the last one was read. */
export const NO_CAUTIONS: readonly Caution[] = [];

export interface Modify {
  readonly kind: 'modify';
  readonly operation: Operation;
  readonly cautions: readonly Caution[];
  /** The option of `word`s that name the service and the server, for pointing at them. */
  readonly serviceWord: number | undefined;
  readonly serverWord: number | undefined;
}

/** Everything that ipvsadm can be told to do. */
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
