import type { Desired } from '../model/desired.ts';
import { drainKey } from '../model/drain.ts';
import type { Change } from '../plan/change.ts';
import type { Prepared } from '../reconcile/prepare.ts';
import type { ChangesContext } from '../render/changes.ts';
import type { Style } from '../render/style.ts';

/**
 * What the texts say beside the bare changes: connection counts, names, the place in the file, and what is left alone.
 * `desired` is undefined for a saved plan, which knows no files.
 */
export function changesContext(
  desired: Desired | undefined,
  prepared: Prepared,
  style: Style,
): ChangesContext {
  const { snapshot, drains, foreign, sysctlDifferences, warnings } = prepared;
  const pending = new Map(
    drains.map((drain) => [drainKey(drain.service, drain.destination), drain]),
  );
  const context = {
    counters: snapshot.counters,
    drains: pending,
    foreign,
    sysctlDifferences,
    warnings,
    style,
  };
  if (!desired) return context;
  return {
    ...context,
    names: desired.names,
    locate: (change: Change) => {
      if (change.object === 'service') return change.after && desired.locate(change.service);
      return change.object === 'destination' && change.after
        ? desired.locate(change.service, change.destination)
        : undefined;
    },
  };
}
