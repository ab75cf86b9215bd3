import type { Issue, Position } from '../model/issue.ts';

/** The number of further places that a message names. */
const NAMED_PLACES = 4;

/** Statements of another program's language that have no counterpart here, by their kind. */
export interface NotCarried {
  /**
   * Adds one statement.
   * @param kind a noun for one statement, such as `HTTP_GET check`: it is shown with its count
   * @param hint what the reader can do instead. The first hint of a kind counts
   */
  add(kind: string, position: Position, hint?: string): void;
  /** One warning for each kind, in the order in which they were added, with count and places. */
  issues(): readonly Issue[];
}

export function createNotCarried(): NotCarried {
  const kinds = new Map<string, { readonly places: Position[]; readonly hint?: string }>();
  return {
    add: (kind, position, hint) => {
      const known = kinds.get(kind);
      if (known) known.places.push(position);
      else kinds.set(kind, { places: [position], ...(hint !== undefined && { hint }) });
    },
    issues: () => Array.from(kinds, ([kind, { places, hint }]) => toIssue(kind, places, hint)),
  };
}

function toIssue(kind: string, places: readonly Position[], hint: string | undefined): Issue {
  const [position, ...others] = places;
  if (!position) throw new Error(`no place for ${kind}`);
  const named = others.slice(0, NAMED_PLACES).map((place) => placeBeside(place, position.file));
  const rest = others.length - named.length;
  const list = [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
  const also = others.length === 0 ? '' : ` (also at ${list})`;
  return {
    code: 'NOT_CARRIED',
    severity: 'warning',
    message: `not carried over: ${kind}${places.length > 1 ? `, ${places.length} times` : ''}${also}`,
    position,
    ...(hint !== undefined && { hint }),
  };
}

function placeBeside({ file, line }: Position, shown: string): string {
  return file === shown ? `line ${line}` : `${file}:${line}`;
}
