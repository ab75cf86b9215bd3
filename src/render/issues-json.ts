import { hasErrors, type Issue } from '../model/issue.ts';

/** Issues as one JSON document; `valid` is whether there is no error among them or what else the caller decides. */
export function formatIssuesJson(
  issues: readonly Issue[],
  valid: boolean = !hasErrors(issues),
): string {
  return `${JSON.stringify({ valid, issues }, null, 2)}\n`;
}
