import { NoDaemonError, unknownAnswer } from '../daemon/control/client.ts';
import type { ControlAnswer, ControlRequest } from '../daemon/control/protocol.ts';
import { IpvstateError } from '../errors.ts';
import type { Counters } from '../model/ipvs.ts';
import { FLEET_OWNER } from '../model/override.ts';
import { isObject } from '../model/shape.ts';
import type { OverrideRequest } from '../plan/overrides/override-request.ts';
import { desiredOfLive, runOverride } from '../reconcile/override.ts';
import type { Wanted } from '../reconcile/prepare.ts';
import { callerName } from '../recovery/caller.ts';
import type { JournalFile } from '../recovery/journal/journal-lines.ts';
import { newRunId, refuseWhilePending, withSession } from '../recovery/session.ts';
import { settleEarlierRuns } from '../recovery/try/try-end.ts';
import { withKernel } from '../recovery/writer.ts';
import { errorCodeOfExit, exitCodeOfReport } from '../render/exit.ts';
import { formatJson } from '../render/json.ts';
import {
  formatOverrideOutcome,
  type OverrideOutcome,
  overrideOutcomeJson,
} from '../render/override-report.ts';
import { findPaths } from '../sources/files/paths.ts';
import { digestsOf } from '../sources/load.ts';
import { askPatiently, defaultControlSocket } from './control.ts';
import { readingOf } from './declare/option-groups.ts';
import type { ValuesOf } from './declare/options.ts';
import type { OVERRIDE_OPTIONS } from './declare/override-options.ts';
import { wrongUsage } from './declare/wrong-usage.ts';
import type { Environment } from './environment.ts';
import { loadFiles, requireValid } from './load-valid.ts';

type OverrideOptions = ValuesOf<typeof OVERRIDE_OPTIONS>;

/** Names the user who gives the command. */
export async function speakerOf({ state }: Environment): Promise<string> {
  return callerName((await state()).caller);
}

/**
 * Changes overrides and applies them: by the daemon where one runs, and by this command otherwise.
 * Prints the result, and returns the exit code.
 */
export async function override(
  verb: string,
  request: OverrideRequest,
  options: OverrideOptions,
  environment: Environment,
): Promise<number> {
  if (request.kind === 'set' && request.owner === FLEET_OWNER)
    throw wrongUsage('--owner fleet is for `ipvstate fleet drain`: one machine is no fleet');
  const answer = await askIfThere(request, options, environment);
  return answer === undefined
    ? overrideWithoutDaemon(verb, request, options, environment)
    : printDaemonAnswer(answer, options, environment);
}

/** Asks the daemon. Returns undefined when none runs, and no socket was named. */
async function askIfThere(
  request: OverrideRequest,
  { controlSocket, allowUnserved, file }: OverrideOptions,
  environment: Environment,
): Promise<ControlAnswer | undefined> {
  const socket = controlSocket ?? defaultControlSocket(await environment.state());
  const ask = (asked: ControlRequest): Promise<ControlAnswer> =>
    askPatiently(socket, asked, environment);
  try {
    if (file.length === 0) return await ask({ command: 'override', request, allowUnserved });
    await ask({ command: 'status' });
    throw new IpvstateError('USAGE', 'a daemon runs, which has files of its own: -f is not used', {
      hint: 'Leave -f out. It is for a machine without a daemon.',
    });
  } catch (error) {
    if (error instanceof NoDaemonError && controlSocket === undefined) return undefined;
    throw error;
  }
}

function printDaemonAnswer(
  answer: ControlAnswer,
  options: OverrideOptions,
  { output }: Environment,
): number {
  const { exit_code, message = '' } = answer;
  if (!answer.ok) {
    const { hint } = answer;
    const code = errorCodeOfExit(exit_code);
    throw new IpvstateError(code, message, hint === undefined ? {} : { hint });
  }
  const { document } = answer;
  if (!isObject(document) || document.format !== 'ipvstate-overrides' || document.version !== 1)
    throw unknownAnswer();
  output.print(options.output === 'json' ? formatJson(document) : message);
  return exit_code;
}

/** The state that the weights of other destinations follow from. */
interface OverrideSource {
  readonly wanted: Wanted;
  readonly names: OverrideOutcome['names'];
  readonly files: () => Promise<readonly JournalFile[]>;
}

/** Opens the files, or the live table on a machine without files. */
async function openOverrideSource(
  options: OverrideOptions,
  environment: Environment,
): Promise<OverrideSource> {
  if ((await findPaths(options.file)()).areMissing)
    return { wanted: desiredOfLive, names: new Map(), files: async () => [] };
  // Warnings about files are of no use to a person who drains a server.
  const loaded = await loadFiles(options.file, environment, readingOf(options));
  const { sources } = loaded;
  const desired = loaded.desired ?? requireValid(loaded, environment).desired;
  return { wanted: desired, names: desired.names, files: () => digestsOf(sources) };
}

async function overrideWithoutDaemon(
  verb: string,
  request: OverrideRequest,
  options: OverrideOptions,
  environment: Environment,
): Promise<number> {
  const { output } = environment;
  const { wanted, names, files } = await openOverrideSource(options, environment);
  const outcome = await withSession(verb, options.lockTimeout, environment, async (opened) => {
    const session = await settleEarlierRuns(opened, environment);
    refuseWhilePending(session);
    // The way back is another command about overrides: a rollback would be overridden again.
    const run = { id: newRunId(session.state), verb, trigger: 'override', record: async () => {} };
    return withKernel(session, environment, { ...run, trigger: 'override' }, async (writer) => {
      const { overrides, drains, health, protection, ipvs, journal, announce } = writer;
      if (!overrides || !protection) throw new Error('the kernel has no stores');
      let counters: Counters = new Map();
      const run = await runOverride(ipvs, wanted, request, {
        overrides,
        // Drains of files that nobody reads here go on as they are.
        ...(drains && typeof wanted !== 'function' && { drains }),
        ...(health && { health }),
        protectedServices: await protection.read(),
        leavesHeld: true,
        allowances: { unserved: options.allowUnserved },
        signal: environment.interruption(),
        stage: output.stage,
        onPlan: async ({ snapshot }) => {
          counters = snapshot.counters;
        },
        confirm: async ({ plan, overrides: notes }) => {
          await announce(plan, files, names, notes);
          return true;
        },
      });
      journal.end(run.report.outcome, exitCodeOfReport(run.report, false));
      const time = { now: overrides.now(), date: overrides.date() };
      const clock = { ...(await overrides.read()), ...time };
      return { ...run, clock, counters, names, isWatched: false };
    });
  });
  output.print(
    options.output === 'json'
      ? formatJson(overrideOutcomeJson(outcome))
      : formatOverrideOutcome(outcome),
  );
  noteNoDaemon(outcome, environment);
  return exitCodeOfReport(outcome.report, false);
}

/** Says plainly that an override does not end by itself. */
function noteNoDaemon({ report, effect }: OverrideOutcome, { output }: Environment): void {
  const isStored = report.outcome === 'applied' || report.outcome === 'in-sync';
  const moving = effect.set.find(({ endSeconds, ramp }) => endSeconds !== undefined || ramp);
  if (!isStored || !moving) return;
  const { owner, endSeconds } = moving;
  const clear = `ipvstate overrides clear${owner === undefined ? '' : ` --owner ${owner}`}`;
  const other =
    endSeconds === undefined
      ? 'and each apply takes the steps that are due'
      : 'and so does an apply after its time';
  output.note(
    'No daemon runs: nothing moves or ends this override by itself.\n' +
      `\`${clear}\` ends it, ${other}.\n`,
  );
}
