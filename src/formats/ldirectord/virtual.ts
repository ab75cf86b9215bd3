import type { Part, Statement } from './lines.ts';

/** A virtual service with its lines. */
export interface Virtual {
  readonly statement: Statement;
  readonly isIPv6: boolean;
  /** The last statement of each keyword but `real`. */
  readonly settings: Map<string, Statement>;
  /** Real servers, and comments, in the order of the text. */
  readonly entries: VirtualEntry[];
}

export type VirtualEntry =
  | { readonly kind: 'real'; readonly statement: Statement }
  | { readonly kind: 'comment'; readonly comment: string };

export function startVirtual(statement: Statement): Virtual {
  return {
    statement,
    isIPv6: statement.key.text === 'virtual6',
    settings: new Map(),
    entries: [],
  };
}

/** The value of `real`. */
export interface Real {
  readonly first: Part;
  /** The last address of a range. */
  readonly last: Part | undefined;
  readonly port: string | undefined;
  readonly forward: string;
  readonly weight: string | undefined;
  /** The request of the server's own, and the text that its answer must contain. */
  readonly own: { readonly request: string; readonly receive: string } | undefined;
  readonly lower: string | undefined;
  readonly upper: string | undefined;
  /** The first part that is none of these. */
  readonly rest: Part | undefined;
}

const ADDRESS = String.raw`\[[0-9A-Fa-f:.]+\]|[\w.-]+?`;
const SERVER = new RegExp(String.raw`^(${ADDRESS})(?:(->)(${ADDRESS}))?(?::([\w-]+))?(?=\s|$)`);

/**
 * Parses `ADDRESS[->ADDRESS][:PORT] FORWARD [WEIGHT] ["REQUEST", "RECEIVE"] [l:N] [u:N]`. undefined
 * when the address cannot be told from the rest.
 */
export function parseReal({ text, at }: Part): Real | undefined {
  const server = SERVER.exec(text);
  if (!server) return undefined;
  const [all, first = '', arrow, last, port] = server;
  let place = all.length;
  const match = (pattern: RegExp): readonly string[] | undefined => {
    const found = pattern.exec(text.slice(place)) ?? undefined;
    place += found?.[0].length ?? 0;
    return found;
  };
  const take = (pattern: RegExp): string | undefined => match(pattern)?.[1];
  const forward = take(/^\s+(\w+)(?=\s|$)/) ?? '';
  // ldirectord takes the first number after a blank: many files have `-w` before it.
  const weight = take(/^\s+(?:-w\s+)?(\d+)(?=\s|$)/);
  const [pair, request = '', receive = ''] = match(/^\s+"([^"]*)"[, ]\s*"([^"]*)"(?=\s|$)/) ?? [];
  const lower = take(/^\s+l:(\d+)(?=\s|$)/);
  const upper = take(/^\s+u:(\d+)(?=\s|$)/);
  match(/^\s+/);
  const rest = text.slice(place);
  return {
    first: { text: first, at },
    last: arrow === undefined ? undefined : { text: last ?? '', at: at + first.length + 2 },
    port,
    forward,
    weight,
    own: pair === undefined ? undefined : { request, receive },
    lower,
    upper,
    rest: rest === '' ? undefined : { text: rest, at: at + place },
  };
}
