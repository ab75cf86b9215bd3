import type { Issue } from '../model/issue.ts';

/** Issues as workflow commands, which GitHub Actions shows at the lines of a pull request. */
export function formatIssuesGithub(issues: readonly Issue[]): string {
  return issues.map(formatCommand).join('');
}

function formatCommand({ severity, code, message, position, hint, related }: Issue): string {
  const place = `file=${property(position.file)},line=${position.line},col=${position.column},title=${property(code)}`;
  const note = related
    ? `\n${related.message}: ${related.position.file}:${related.position.line}:${related.position.column}`
    : '';
  return `::${severity} ${place}::${data(`${message}${hint === undefined ? '' : `\nhint: ${hint}`}${note}`)}\n`;
}

/** The escapes of the workflow command syntax. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
