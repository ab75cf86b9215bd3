import type { Issue } from '../model/issue.ts';
import { formatNodes, formatPosition } from './issues.ts';

/** Formats issues as workflow commands, which GitHub Actions shows at the lines of a change. */
export function formatIssuesGithub(issues: readonly Issue[]): string {
  return issues.map(formatCommand).join('');
}

function formatCommand(issue: Issue): string {
  const { severity, code, message, position, hint, related } = issue;
  const { file, line, column } = position;
  const place = `file=${escapeProperty(file)},line=${line},col=${column}`;
  const lines = [message + formatNodes(issue)];
  if (hint !== undefined) lines.push(`hint: ${hint}`);
  if (related) lines.push(`${related.message}: ${formatPosition(related.position)}`);
  const text = escapeData(lines.join('\n'));
  return `::${severity} ${place},title=${escapeProperty(code)}::${text}\n`;
}

/** Escapes text for a workflow command. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
