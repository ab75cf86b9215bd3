import { hasErrors, type Issue } from '../model/issue.ts';

/** Issues as one JSON document; `valid` is whether there is no error among them. */
export function formatIssuesJson(issues: readonly Issue[]): string {
  return `${JSON.stringify({ valid: !hasErrors(issues), issues }, null, 2)}\n`;
}
