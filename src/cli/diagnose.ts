import type { DoctorWarning } from '../daemon/api/documents.ts';
import { routedAddresses } from '../doctor/checks/routes.ts';
import { examine, MACHINE_CHECKS, PROGRAM_CHECKS } from '../doctor/examine.ts';
import type { Facts, ProgramFacts } from '../doctor/facts.ts';
import type { Finding, Fix } from '../doctor/finding.ts';
import { factOf, ifPresent } from '../kernel/facts/fact.ts';
import { readFolder, readSourceFiles } from '../kernel/facts/folders.ts';
import { type Machine, readKernelFacts } from '../kernel/facts/machine.ts';
import type { Desired } from '../model/desired.ts';
import type { Destination, Forward } from '../model/destination.ts';
import type { Pause } from '../model/pause.ts';
import { readLockState } from '../recovery/lock-state.ts';
import { readPause } from '../recovery/records/pause.ts';
import type { State } from '../recovery/state.ts';
import { isOfGeneration } from '../sources/etcd/address.ts';
import type { Loaded } from '../sources/load.ts';
import { STDIN_NAME } from '../sources/stdin.ts';
import type { Environment } from './environment.ts';

/** With more destinations than that, the checks would take tens of megabytes. */
const EXAMINED_DESTINATIONS = 2000;

/**
 * Returns what `ipvstate doctor` warns of, in short, for files that were loaded already. Of a large
 * table, a few destinations of each service stand for the others.
 */
export async function diagnose(
  { desired, files }: Pick<Loaded, 'desired' | 'files'>,
  environment: Environment,
): Promise<readonly DoctorWarning[]> {
  const examined = desired && { ...desired, services: fewDestinations(desired.services) };
  const facts = await readProgramFacts(await environment.machine(), { desired: examined, files });
  const findings = [
    ...examine(MACHINE_CHECKS, await readFacts(facts, environment)),
    ...examine(PROGRAM_CHECKS, facts),
  ];
  return findings
    .filter(({ level }) => level === 'failure' || level === 'warning')
    .map(({ level, seen, why, fix }: Finding) => ({
      level,
      title: seen,
      hint: [...(why ? [why] : []), ...(fix ? [describeFix(fix)] : [])].join(' ') || null,
    }));
}

/** Keeps the first destination of each way of forwarding in each service of a large table. */
export function fewDestinations(services: Desired['services']): Desired['services'] {
  let count = 0;
  for (const { destinations } of services.values()) count += destinations.size;
  if (count <= EXAMINED_DESTINATIONS) return services;
  return new Map(
    Array.from(services, ([key, { service, destinations }]) => {
      const first = new Map<Forward, Destination>();
      for (const destination of destinations.values())
        if (!first.has(destination.forward)) first.set(destination.forward, destination);
      const kept = Array.from(first.values(), (each) => [each.key, each] as const);
      return [key, { service, destinations: new Map(kept) }];
    }),
  );
}

function describeFix(fix: Fix): string {
  return 'advice' in fix ? fix.advice : `Run: ${fix.commands.join('; ')}`;
}

export async function readProgramFacts(
  { files, nodeVersion, now }: Machine,
  loaded: Pick<Loaded, 'desired' | 'files'> | undefined,
): Promise<ProgramFacts> {
  const paths = (loaded?.files ?? []).filter(
    (name) => name !== STDIN_NAME && !isOfGeneration(name),
  );
  return {
    nodeVersion,
    now: now(),
    desired: loaded?.desired,
    sources: await readSourceFiles(files, paths),
  };
}

/** systemd-timesyncd makes this file when it has set the clock. */
const SYNCHRONIZED = '/run/systemd/timesync/synchronized';

export async function readFacts(facts: ProgramFacts, environment: Environment): Promise<Facts> {
  const machine = await environment.machine();
  const { files, uid } = machine;
  const state = await environment.state();
  const { folders, lockPath } = state;
  return {
    ...facts,
    uid,
    kernel: await readKernelFacts(machine, routedAddresses(facts)),
    runtime: { path: folders.runtime, facts: await readFolder(files, folders.runtime) },
    state: { path: folders.state, facts: await readFolder(files, folders.state) },
    lock: await readLockState(files, lockPath),
    pause: await factOf(folders.runtime, () => pauseInForce(state)),
    isClockSynchronized: await factOf(SYNCHRONIZED, async () => {
      return (await ifPresent(() => files.stat(SYNCHRONIZED))) !== undefined;
    }),
  };
}

async function pauseInForce(state: State): Promise<Pause | undefined> {
  const pause = await readPause(state);
  const { untilSeconds = Number.POSITIVE_INFINITY } = pause ?? {};
  return untilSeconds > state.clock.monotonicSeconds() ? pause : undefined;
}
