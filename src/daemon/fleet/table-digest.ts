import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { isManaged, type Manage } from '../../model/policy.ts';
import type { Table } from '../../model/table.ts';
import { serviceFingerprint, settingsFingerprint } from '../../plan/fingerprint.ts';

/** Services between two moments in which the daemon can do something else. */
const SLICE = 50;

/** Digests that are equal for equal tables, on any machine. */
export interface TableDigests {
  readonly table: string;
  /** That of the services that the files manage. Files alone can tell it: they need no settings. */
  readonly services: string;
}

export async function digestsOfTable(
  table: Table,
  manage: Manage | undefined,
): Promise<TableDigests> {
  const whole = createHash('sha256').update(settingsFingerprint(table));
  const services = createHash('sha256');
  const entries = [...table.services].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [index, [, entry]] of entries.entries()) {
    const line = `\n${serviceFingerprint(entry)}`;
    whole.update(line);
    if (!manage || isManaged(manage, entry.service.identity)) services.update(line);
    if (index % SLICE === SLICE - 1) await setImmediate();
  }
  return { table: whole.digest('hex'), services: services.digest('hex') };
}
