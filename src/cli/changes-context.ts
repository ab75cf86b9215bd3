import type { Desired } from '../model/desired.ts';
import type { Snapshot } from '../model/ipvs.ts';
import type { Change } from '../plan/change.ts';
import type { ChangesContext } from '../text/changes.ts';
import type { Style } from '../text/style.ts';

/**
 * What the texts say beside the bare changes: connection counts, names, and the place in the file.
 * `desired` is undefined for a saved plan, which knows no files.
 */
export function changesContext(desired: Desired | undefined, snapshot: Snapshot, style: Style): ChangesContext {
  if (!desired) return { counters: snapshot.counters, style };
  return {
    counters: snapshot.counters,
    names: desired.names,
    locate: (change: Change) => {
      if (change.object === 'service') return change.after && desired.locate(change.service);
      return change.object === 'destination' && change.after ? desired.locate(change.service, change.destination) : undefined;
    },
    style,
  };
}
