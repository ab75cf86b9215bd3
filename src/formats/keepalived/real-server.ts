import type { Address } from '../../model/address.ts';
import { MAX_THRESHOLD } from '../../model/destination.ts';
import { type Context, type Readers, readBlock } from './context.ts';
import { type Forwarding, readForwarding } from './forwarding.ts';
import { IN_REAL_SERVER } from './keywords.ts';
import type { Statement } from './tree.ts';
import { onlyWord, readNumber, readServer } from './values.ts';

/** keepalived's limit; the kernel takes more. */
export const WEIGHT = { min: 0, max: 65_535 };
const THRESHOLD = { min: 0, max: MAX_THRESHOLD };

export interface RealServer {
  readonly statement: Statement;
  readonly address: Address;
  /** 0: that of the service. */
  readonly port: number;
  /** undefined: that of the virtual server. */
  readonly forwarding?: Forwarding;
  readonly weight?: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  /** True for a sorry server that waits in the table with weight 0. */
  readonly isSorry?: true;
}

type Draft = { -readonly [Key in keyof RealServer]: RealServer[Key] };

/**
 * Reads a `real_server`. Returns undefined after reporting that it has no address.
 * @param inherited the forwarding of the virtual server, as far as it is read
 */
export function readRealServer(
  statement: Statement,
  inherited: Forwarding | undefined,
  context: Context,
): RealServer | undefined {
  const server = readServer(statement, context);
  const draft: Draft = {
    statement,
    ...(server ?? { address: '0.0.0.0' as Address, port: 0 }),
    ...(inherited && { forwarding: inherited }),
    upperThreshold: 0,
    lowerThreshold: 0,
  };
  readBlock(draft, statement, READERS, IN_REAL_SERVER, context);
  return server && draft;
}

const READERS: Readers<Draft> = {
  weight: (draft, statement, context) => {
    const word = onlyWord(statement, context);
    const weight = word && readNumber(word, 'a weight', WEIGHT, statement, context);
    if (weight !== undefined) draft.weight = weight;
  },
  lvs_method: (draft, statement, context) => {
    const forwarding = readForwarding(statement, context);
    if (forwarding) draft.forwarding = forwarding;
  },
  uthreshold: (draft, statement, context) => {
    const word = onlyWord(statement, context);
    const number = word && readNumber(word, 'a threshold', THRESHOLD, statement, context);
    if (number !== undefined) draft.upperThreshold = number;
  },
  lthreshold: (draft, statement, context) => {
    const word = onlyWord(statement, context);
    const number = word && readNumber(word, 'a threshold', THRESHOLD, statement, context);
    if (number !== undefined) draft.lowerThreshold = number;
  },
};
