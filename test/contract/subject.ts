import { beforeEach, test } from 'vitest';
import type { Ipvs } from '../../src/model/ipvs.ts';
import type { Operation } from '../../src/model/operation.ts';
import { KERNEL_TIMEOUTS } from '../../src/model/settings.ts';

/** An implementation of the port. Its table is emptied before every test. */
export interface Subject {
  readonly name: string;
  open(): Promise<Ipvs>;
  /** Names of tests that do not hold for it, each with the reason. */
  readonly skips: Readonly<Record<string, string>>;
}

/** Everything that a table can hold, away. */
export const CLEAN: readonly Operation[] = [
  { kind: 'flush' },
  { kind: 'stop-daemon', role: 'master' },
  { kind: 'stop-daemon', role: 'backup' },
  { kind: 'set-timeouts', timeouts: KERNEL_TIMEOUTS },
];

/** Runs a test on a fresh connection and an empty table, unless it is skipped by name. */
export type Clause = (name: string, body: (ipvs: Ipvs) => Promise<void>) => void;

/** Collects the clauses of a contract for one subject. A skip that names no clause is an error, so none outlives its reason. */
export function clausesFor(subject: Subject, define: (clause: Clause) => void): void {
  const names = new Set<string>();
  let ipvs: Ipvs;
  beforeEach(async () => {
    ipvs = await subject.open();
    await ipvs.execute(CLEAN);
    return () => ipvs.close();
  });
  define((name, body) => {
    names.add(name);
    const reason = subject.skips[name];
    test.skipIf(reason !== undefined)(
      reason === undefined ? name : `${name} (skipped: ${reason})`,
      () => body(ipvs),
    );
  });
  test('every skip names a clause', ({ expect }) => {
    expect(Object.keys(subject.skips).filter((name) => !names.has(name))).toEqual([]);
  });
}

/** The errno of each outcome; null for done. */
export async function errnos(ipvs: Ipvs, wave: readonly Operation[]): Promise<(string | null)[]> {
  const refused = await ipvs.execute(wave);
  return wave.map((_, index) => refused.get(index)?.errno ?? null);
}

/** Executes operations of which none may be refused. */
export async function succeed(ipvs: Ipvs, wave: readonly Operation[]): Promise<void> {
  for (const error of (await ipvs.execute(wave)).values()) throw error;
}
