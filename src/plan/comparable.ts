import type { Desired } from '../model/desired.ts';
import { KERNEL_TIMEOUTS, type Timeouts } from '../model/settings.ts';
import type { Sysctls, Table } from '../model/table.ts';
import { completeDaemons } from './scope.ts';

/** A table of which some settings may not be known: a file says nothing about them. */
export interface PartialTable extends Pick<Desired, 'services' | 'timeouts' | 'daemons'> {
  readonly sysctls: Sysctls | undefined;
}

/**
 * Returns two whole tables that differ where both sides say something, and differently. A setting
 * that only one side says is the same in both.
 */
export function comparable(a: PartialTable, b: PartialTable): readonly [Table, Table] {
  const timeouts: Timeouts = { ...KERNEL_TIMEOUTS, ...a.timeouts, ...b.timeouts };
  const daemons = a.daemons && b.daemons ? { a: a.daemons, b: b.daemons } : { a: [], b: [] };
  return [
    {
      services: a.services,
      timeouts: { ...timeouts, ...a.timeouts },
      daemons: completeDaemons(daemons.a, daemons.b),
      ...(a.sysctls && { sysctls: a.sysctls }),
    },
    {
      services: b.services,
      timeouts,
      daemons: completeDaemons(daemons.b, daemons.a),
      ...(b.sysctls && { sysctls: b.sysctls }),
    },
  ];
}
