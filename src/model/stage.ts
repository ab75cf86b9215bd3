import type { Table } from './table.ts';

/** The stages of a command that a person can watch. */
export type StageName =
  | 'read-files'
  | 'read-table'
  | 'read-again'
  | 'plan'
  | 'execute'
  | 'verify'
  | 'check-health';

/** Numbers by what they count, such as `{ service: 3, destination: 12 }`. */
export type StageCounts = Readonly<Record<string, number>>;

/** Runs one stage of a command, and tells a person how it goes and what it counted. */
export type RunStage = <T>(
  name: StageName,
  run: () => T | Promise<T>,
  count: (result: T) => StageCounts,
) => Promise<T>;

/** Runs a stage that nobody watches. */
export const runStage: RunStage = async (_name, run) => run();

export function countEntries({ services }: Pick<Table, 'services'>): StageCounts {
  let destinations = 0;
  for (const entry of services.values()) destinations += entry.destinations.size;
  return { service: services.size, destination: destinations };
}
