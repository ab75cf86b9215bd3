import { errorView } from '../../render/error-json.ts';
import { exitCodeOfError, exitCodeOfReport } from '../../render/exit.ts';
import {
  formatOverrideOutcome,
  type OverrideOutcome,
  overrideOutcomeJson,
} from '../../render/override-report.ts';
import type { ControlAnswer, OverrideControl } from './protocol.ts';

/** Changes overrides and applies them. */
export type ChangeOverrides = (
  request: OverrideControl['request'],
  allowUnserved: boolean,
) => Promise<OverrideOutcome>;

/** Answers with what a request about overrides did, as text and as a document. */
export async function answerOverride(
  { request, allowUnserved }: OverrideControl,
  change: ChangeOverrides,
): Promise<ControlAnswer> {
  try {
    const outcome = await change(request, allowUnserved);
    return {
      ok: true,
      exit_code: exitCodeOfReport(outcome.report, false),
      message: formatOverrideOutcome(outcome),
      document: overrideOutcomeJson(outcome),
    };
  } catch (error) {
    const { message, hint } = errorView(error);
    const exit_code = exitCodeOfError(error);
    return { ok: false, exit_code, message, ...(hint !== undefined && { hint }) };
  }
}
