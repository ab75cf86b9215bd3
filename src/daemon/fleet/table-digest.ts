import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Table } from '../../model/table.ts';
import { serviceFingerprint, settingsFingerprint } from '../../plan/fingerprint.ts';

/** Services between two moments in which the daemon can do something else. */
const SLICE = 50;

/** Computes a digest that is equal for equal tables, on any machine. */
export async function digestOfTable(table: Table): Promise<string> {
  const hash = createHash('sha256').update(settingsFingerprint(table));
  const entries = [...table.services].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [index, [, entry]] of entries.entries()) {
    hash.update(`\n${serviceFingerprint(entry)}`);
    if (index % SLICE === SLICE - 1) await setImmediate();
  }
  return hash.digest('hex');
}
