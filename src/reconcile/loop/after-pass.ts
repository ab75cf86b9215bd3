import type { Policy } from '../../model/policy.ts';
import { protectedAfter } from '../../plan/protect.ts';
import { keptReport } from '../../plan/report.ts';
import { remedyOf } from './back-off.ts';
import { isEmpty, unservedIn } from './comparison.ts';
import type { GoodFiles } from './config-state.ts';
import type { ContestState } from './contest.ts';
import type { LoopState, PassOutcome, PassResult, Trigger } from './loop-state.ts';
import type { PassFindings } from './pass-interface.ts';

/** A pass that looked at the kernel. */
interface EndedPass {
  readonly found: PassFindings;
  readonly result: PassResult;
  /** The files that it applied. */
  readonly good: GoodFiles;
  /** True when nothing was written because of a pause. */
  readonly isPaused: boolean;
  readonly now: number;
  /** The wait in milliseconds after so many failures in a row. */
  readonly retryDelay: (failures: number) => number;
}

/** After these, the drains of the report have begun. */
const BEGINS_DRAINS: readonly PassOutcome[] = ['applied', 'in-sync', 'unverified', 'partial'];

/** Returns what a pass answers to its triggers. `before` is the state before the pass. */
export function resultOf(
  before: LoopState,
  found: PassFindings,
  good: GoodFiles,
): Pick<PassResult, 'outcome' | 'report' | 'newlyServed' | 'error' | 'differs'> {
  const { outcome, report, error, differences } = found;
  return {
    outcome,
    report: report && keptReport(report),
    newlyServed: report && isCorrection(before, found, good) ? unservedIn(report.plan) : [],
    error,
    differs: differences !== undefined && !isEmpty(differences),
  };
}

/** Returns the part of the loop's state that a pass changes. */
export function stateAfterPass(previous: LoopState, pass: EndedPass): Partial<LoopState> {
  const { found, result, good } = pass;
  const { report, differences } = found;
  const outcome = report?.outcome ?? found.outcome;
  const applied = report && (outcome === 'applied' || outcome === 'in-sync') ? report : undefined;
  const isUnknown = outcome === 'partial' || outcome === 'unverified';
  return {
    ...retryAfter(previous, pass),
    lastPass: result,
    applied: applied ? good.digest : isUnknown ? undefined : previous.applied,
    protectedServices: applied
      ? protectedAfter(previous.protectedServices, good.desired, applied.plan.desired)
      : previous.protectedServices,
    drift: driftAfter(previous, pass),
    compared: differences && { digest: good.digest, at: pass.now },
    unserved: differences?.unserved ?? previous.unserved,
    refused: refusedAfter(previous, pass),
    drains: report && BEGINS_DRAINS.includes(outcome) ? report.drains : previous.drains,
    overrides: found.overrides ?? previous.overrides,
    checked: found.checked ?? previous.checked,
    refusedParts: [...found.refusedParts.values()].sort((a, b) => (a.part < b.part ? -1 : 1)),
    contested: sortedContested(found.contest),
    totals: totalsAfter(previous, pass),
  };
}

/**
 * Tells whether a pass is about overrides and nothing else. While the whole table fails, each pass
 * tries all of it: the state of a failure ends only with a pass that succeeds. Where health removes
 * destinations, overrides decide whether it does, and only a pass of the whole table adds one.
 */
export function isAboutOverrides(
  { lastPass, failures, config }: LoopState,
  triggers: readonly Trigger[],
): boolean {
  const isOnly = triggers.length > 0 && triggers.every((trigger) => trigger === 'override');
  const isNarrow = isOnly && lastPass !== undefined && failures === 0;
  return isNarrow && !removesDestinations(config.good?.desired.policy);
}

function removesDestinations(policy: Policy | undefined): boolean {
  for (const { health } of policy?.services.values() ?? [])
    for (const { onFailure } of health?.destinations.values() ?? [])
      if (onFailure === 'remove') return true;
  return false;
}

/** Returns the part of the loop's state that such a pass changes. */
export function stateAfterOverrides(
  { totals, overrides }: LoopState,
  found: PassFindings,
  result: PassResult,
): Partial<LoopState> {
  return {
    phase: 'waiting',
    lastPass: result,
    overrides: found.overrides ?? overrides,
    totals: { ...totals, passes: totals.passes + 1 },
  };
}

/** A pass that left the table in an unknown state says nothing about its differences. */
function driftAfter({ drift }: LoopState, { found, now }: EndedPass): LoopState['drift'] {
  const { differences } = found;
  if (!differences) return drift;
  if (isEmpty(differences)) return undefined;
  const { changes, sysctls } = differences;
  return { changes, sysctls, since: drift?.since ?? now };
}

/** Tells whether and when to try again. */
function retryAfter(
  { failures: before }: LoopState,
  { found, now, retryDelay }: EndedPass,
): Pick<LoopState, 'phase' | 'failures' | 'retryAt'> {
  const remedy = remedyOf(found);
  const failures = remedy ? before + 1 : 0;
  if (remedy !== 'time') return { phase: 'waiting', failures, retryAt: undefined };
  return { phase: 'retrying', failures, retryAt: now + retryDelay(failures) };
}

/**
 * A failed pass says nothing about a refused plan, and neither does one of a pause that finds
 * differences. The same plan stays refused since the first time.
 */
function refusedAfter(
  { refused }: LoopState,
  { found, isPaused, now }: EndedPass,
): LoopState['refused'] {
  if (found.outcome === 'failed' || (isPaused && found.outcome === 'drift')) return refused;
  if (!found.refused) return undefined;
  const isSame = refused?.fingerprint === found.refused.fingerprint;
  return { since: isSame ? refused.since : now, ...found.refused };
}

/**
 * Tells whether a pass corrected drift, which is what another program changed. What the loop does
 * later by itself, such as the end of a drain, is none. `before` is the state before the pass.
 */
function isCorrection(
  before: LoopState,
  { outcome, drifted }: PassFindings,
  { digest }: GoodFiles,
): boolean {
  return outcome === 'applied' && before.applied === digest && drifted.corrected > 0;
}

function totalsAfter(before: LoopState, { found, good }: EndedPass): LoopState['totals'] {
  const { totals } = before;
  const { report, reversed, drifted } = found;
  const isCounted = !report || report.outcome === 'applied' || report.outcome === 'in-sync';
  return {
    passes: totals.passes + 1,
    corrections: totals.corrections + Number(isCorrection(before, found, good)),
    reversals: totals.reversals + reversed,
    drifted: totals.drifted + (isCounted ? drifted.corrected + drifted.left : 0),
  };
}

function sortedContested({ contested }: ContestState): LoopState['contested'] {
  return [...contested.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
