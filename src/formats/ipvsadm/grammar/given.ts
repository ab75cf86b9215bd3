import type { Endpoint } from '../../../model/endpoint.ts';
import type { ServiceIdentity } from '../../../model/service.ts';
import type { Caution } from './command.ts';
import type { OptionName } from './options.ts';

/** The options of one command line with their values read, whatever their order was. */
export interface Given {
  /** Index of the word at which each option stands. */
  readonly words: Map<OptionName, number>;
  readonly numbers: Partial<Record<OptionName, number>>;
  readonly texts: Partial<Record<OptionName, string>>;
  readonly cautions: Caution[];
  service: ServiceIdentity | undefined;
  server: Endpoint | undefined;
}

export function nothingGiven(): Given {
  return {
    words: new Map(),
    numbers: {},
    texts: {},
    cautions: [],
    service: undefined,
    server: undefined,
  };
}
