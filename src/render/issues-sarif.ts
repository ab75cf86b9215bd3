import type { Issue, Position } from '../model/issue.ts';
import { formatNodes } from './issues.ts';
import { formatJson } from './json.ts';

/** Formats issues as SARIF 2.1.0, for code scanning. */
export function formatIssuesSarif(issues: readonly Issue[], programVersion: string): string {
  const rules = [...new Set(issues.map((issue) => issue.code))].sort();
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'ipvstate',
            version: programVersion,
            rules: rules.map((id) => ({ id })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: issues.map((issue) => sarifResult(issue, rules.indexOf(issue.code))),
      },
    ],
  };
  return formatJson(log);
}

function sarifResult(issue: Issue, ruleIndex: number): object {
  const { code, severity, message, hint, position, related } = issue;
  const text = message + formatNodes(issue);
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: hint === undefined ? text : `${text}. ${hint}` },
    locations: [{ physicalLocation: physicalLocation(position) }],
    ...(related
      ? {
          relatedLocations: [
            {
              id: 1,
              message: { text: related.message },
              physicalLocation: physicalLocation(related.position),
            },
          ],
        }
      : {}),
  };
}

function physicalLocation({ file, line, column }: Position): object {
  return {
    artifactLocation: { uri: fileUri(file) },
    region: { startLine: line, startColumn: column },
  };
}

/** URI of a file. A relative path stays relative, so that a repository finds its file. */
function fileUri(file: string): string {
  const path = file.split('/').map(encodeURIComponent).join('/');
  return file.startsWith('/') ? `file://${path}` : path;
}
