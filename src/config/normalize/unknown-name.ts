import { type Place, type Report, shownName } from '../finding.ts';
import { suggest } from '../suggest.ts';

/** The most names that a hint lists. */
const LISTED_NAMES = 10;

/** Reports the name of a pool or profile that is not in the file, with the names that are. */
export function reportUnknownName(
  kind: 'pool' | 'profile',
  name: string,
  known: Readonly<Record<string, unknown>>,
  place: Place,
  report: Report,
): void {
  const names = Object.keys(known);
  const near = suggest(name, names);
  const all =
    names.length === 0
      ? `this file has no ${kind}s`
      : `it has: ${names.slice(0, LISTED_NAMES).join(', ')}`;
  report({
    code: 'REFERENCE',
    severity: 'error',
    message: `there is no ${kind} "${shownName(name)}" in this file`,
    place,
    hint: near === undefined ? all : `did you mean "${near}"?`,
  });
}
