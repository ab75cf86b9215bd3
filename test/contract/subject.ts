import { beforeEach, test } from 'vitest';
import type { Ipvs } from '../../src/model/ipvs.ts';
import type { Operation } from '../../src/model/operation.ts';
import { KERNEL_TIMEOUTS } from '../../src/model/settings.ts';

/** One implementation of the port `Ipvs`. Its table is emptied before every test. */
export interface Subject {
  readonly name: string;
  open(): Promise<Ipvs>;
  /** The names of the tests to skip, each with the reason. */
  readonly skips: Readonly<Record<string, string>>;
}

/** Empties a table. The operations that find nothing to stop are refused. */
export const CLEAN: readonly Operation[] = [
  { kind: 'flush' },
  { kind: 'stop-daemon', role: 'master' },
  { kind: 'stop-daemon', role: 'backup' },
  { kind: 'set-timeouts', timeouts: KERNEL_TIMEOUTS },
];

/** Defines a test, which gets a new connection and an empty table. */
export type Clause = (name: string, body: (ipvs: Ipvs) => Promise<void>) => void;

/** Defines the clauses of a contract for one subject. A skip that names no clause fails a test. */
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
  test('has no skip that names no test', ({ expect }) => {
    expect(Object.keys(subject.skips).filter((name) => !names.has(name))).toEqual([]);
  });
}

/** Executes operations. Returns the errno of each, or null when it was done. */
export async function errnos(ipvs: Ipvs, wave: readonly Operation[]): Promise<(string | null)[]> {
  const refused = await ipvs.execute(wave);
  return wave.map((_, index) => refused.get(index)?.errno ?? null);
}

/** Executes operations. Throws when one of them is refused. */
export async function succeed(ipvs: Ipvs, wave: readonly Operation[]): Promise<void> {
  for (const error of (await ipvs.execute(wave)).values()) throw error;
}
