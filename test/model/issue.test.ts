import { describe, expect, it } from 'vitest';
import { type Issue, limitIssues, MAX_SHOWN_ISSUES, type Severity } from '../../src/model/issue.ts';

function issuesOf(severity: Severity, count: number): Issue[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ code: 'SYNTAX', severity, message: `${severity} ${index + 1}` },
    position: { file: 'a', line: index + 1, column: 1 },
  }));
}

describe('the issues of one text', () => {
  it('are all shown when they are few', () => {
    const issues = issuesOf('error', MAX_SHOWN_ISSUES);
    expect(limitIssues(issues)).toBe(issues);
  });

  it('are cut when they are many, and the last one counts the rest', () => {
    const limited = limitIssues(issuesOf('error', MAX_SHOWN_ISSUES + 7));
    expect(limited).toHaveLength(MAX_SHOWN_ISSUES + 1);
    expect(limited.at(-1)).toEqual({
      ...{ code: 'MORE', severity: 'error', message: '7 more problems are not shown' },
      position: { file: 'a', line: MAX_SHOWN_ISSUES, column: 1 },
    });
  });

  it('keep their errors before their warnings, in the order of the text', () => {
    const limited = limitIssues([...issuesOf('warning', 100), ...issuesOf('error', 2)]);
    const messages = limited.map(({ message }) => message);
    expect(messages.slice(-3)).toEqual(['error 1', 'error 2', '52 more problems are not shown']);
    expect(limited.at(-1)?.severity).toBe('warning');
  });
});
