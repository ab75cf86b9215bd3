import { type Change, changeAction } from '../../plan/change.ts';
import type { LoopState } from '../../reconcile/loop/loop-state.ts';

const SIGNS = { add: '+', edit: '~', delete: '-', replace: '±' } as const;

/** Names each change in one short line; the last line counts those above `most`. */
export function changeTitles(changes: readonly Change[], most: number): string[] {
  const shown = changes
    .slice(0, most)
    .map((change) => `${SIGNS[changeAction(change)]} ${nameOf(change)}`);
  return changes.length > most ? [...shown, `and ${changes.length - most} more`] : shown;
}

/** Names each difference, sysctls that are only checked included. */
export function driftTitles(
  { changes, sysctls }: NonNullable<LoopState['drift']>,
  most: number,
): string[] {
  return [
    ...changeTitles(changes, most),
    ...sysctls.map(({ name }) => `${SIGNS.edit} net.ipv4.vs.${name}`),
  ];
}

function nameOf(change: Change): string {
  switch (change.object) {
    case 'service':
      return change.service;
    case 'destination':
      return `${change.service} ${change.destination}`;
    case 'sysctl':
      return `net.ipv4.vs.${change.name}`;
    case 'timeouts':
      return 'timeouts';
    case 'daemon':
      return `${change.role} sync daemon`;
    default:
      return change satisfies never;
  }
}
