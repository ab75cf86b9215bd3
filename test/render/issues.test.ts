import { describe, expect, it } from 'vitest';
import type { Issue } from '../../src/model/issue.ts';
import { ISSUE_FORMATS } from '../../src/render/issue-formats.ts';
import { formatIssues } from '../../src/render/issues.ts';
import { formatIssuesGithub } from '../../src/render/issues-github.ts';
import { formatIssuesSarif } from '../../src/render/issues-sarif.ts';

const ISSUE: Issue = {
  code: 'DUPLICATE',
  severity: 'error',
  message: 'the service fwmark:1 is in this file twice',
  position: { file: 'conf.d/a b.yaml', line: 2, column: 5 },
  hint: '50% off, really',
  related: { message: 'first here', position: { file: '/etc/x.yaml', line: 1, column: 1 } },
};
const WARNING: Issue = {
  code: 'UNSERVED',
  severity: 'warning',
  message: 'line 1\nline 2',
  position: { file: 'a,b:c.yaml', line: 9, column: 1 },
};
const SOURCES = new Map([
  ['conf.d/a b.yaml', 'one\n\ttwo three\n'],
  ['/etc/x.yaml', '\ufefffirst\r\nsecond\r\n'],
]);

describe('issues as text', () => {
  it.each([
    ['  auth_pass s3cr3t', '  auth_pass ******'],
    ['passwd = "s3cr3t" # x', 'passwd = "******" # x'],
    ['mysql --password=s3cr3t -e x', 'mysql --password=****** -e x'],
    ['MYSQL_PASSWORD=s3cr3t; export x', 'MYSQL_PASSWORD=******; export x'],
    ['request=http://u:s3cr3t@x/', 'request=http://u:******@x/'],
    ['curl -s -u u:s3cr3t http://x', 'curl -s -u ******** http://x'],
    ['bypass 1; ipvsadm -A -u 192.0.2.1:53', 'bypass 1; ipvsadm -A -u 192.0.2.1:53'],
    ['name: passing', 'name: passing'],
  ])('hide the secrets of %j', (line, shown) => {
    const issue: Issue = { ...WARNING, position: { file: 'f', line: 1, column: 1 } };
    expect(formatIssues([issue], new Map([['f', line]]))).toContain(`1 | ${shown}\n`);
  });

  it('show the place, the source line with a caret, the hint and the related place', () => {
    expect(formatIssues([ISSUE], SOURCES)).toBe(
      [
        'conf.d/a b.yaml:2:5: error DUPLICATE: the service fwmark:1 is in this file twice',
        '2 |  two three',
        '  |     ^',
        '  hint: 50% off, really',
        '  note: first here: /etc/x.yaml:1:1',
        '1 | first',
        '  | ^',
        '',
      ].join('\n'),
    );
  });

  it('are shown without source lines when the source is unknown', () => {
    expect(formatIssues([WARNING], new Map())).toBe(
      'a,b:c.yaml:9:1: warning UNSERVED: line 1\\u000aline 2\n',
    );
    expect(formatIssues([], SOURCES)).toBe('');
  });

  it('are coloured only on request', () => {
    const colored = formatIssues([ISSUE, WARNING], SOURCES, { color: true });
    expect(colored).toContain('\u001b[31merror DUPLICATE:\u001b[0m');
    expect(colored).toContain('\u001b[33mwarning UNSERVED:\u001b[0m');
    const plain = colored
      .split('\u001b')
      .map((part, index) => (index === 0 ? part : part.slice(part.indexOf('m') + 1)));
    expect(plain.join('')).toBe(formatIssues([ISSUE, WARNING], SOURCES));
  });

  it('show control characters of a file as escapes', () => {
    const hostile: Issue = {
      ...ISSUE,
      message: 'a\u001b[2Jb',
      hint: 'c\nd',
      position: { file: 'e\u0007', line: 1, column: 1 },
    };
    expect(formatIssues([hostile], new Map())).toContain(
      'e\\u0007:1:1: error DUPLICATE: a\\u001b[2Jb\n  hint: c\\u000ad\n',
    );
  });

  it.each([1, 60, 130, 200])('show the part of a long line around column %i', (column) => {
    const line = Array.from({ length: 200 }, (_, index) => String(index % 10)).join('');
    const text = formatIssues(
      [{ ...WARNING, position: { file: 'f', line: 1, column } }],
      new Map([['f', line]]),
      { width: 80 },
    );
    const [, source = '', caret = ''] = text.split('\n');
    expect(source.length).toBeLessThanOrEqual(80);
    expect(source.length).toBeGreaterThan(70);
    expect(source[caret.indexOf('^')]).toBe(String((column - 1) % 10));
  });

  it('put the caret in the right cell after tabs and wide characters, and show control characters as escapes', () => {
    const text = formatIssues(
      [{ ...WARNING, position: { file: 'f', line: 1, column: 7 } }],
      new Map([['f', '\t店é\u0301\u001b x']]),
    );
    expect(text.split('\n').slice(1, 3)).toEqual([
      '1 |  店é\u0301\\u001b x',
      `  |${' '.repeat(12)}^`,
    ]);
  });
});

describe('issues as JSON', () => {
  it('are one document whose member valid tells whether the text is valid', () => {
    const json = (isValid: boolean, issues: readonly Issue[]): string =>
      ISSUE_FORMATS.json({
        ...{ issues, isValid, sources: new Map(), fileCount: 1, serviceCount: 1 },
        programVersion: '1.2.3',
      });
    const head = { format: 'ipvstate-validation', version: 1 };
    expect(JSON.parse(json(false, [ISSUE, WARNING]))).toEqual({
      ...head,
      valid: false,
      issues: [ISSUE, WARNING],
    });
    expect(JSON.parse(json(true, [WARNING]))).toEqual({ ...head, valid: true, issues: [WARNING] });
    expect(json(true, []).endsWith('\n')).toBe(true);
  });
});

describe('issues for GitHub', () => {
  it('are one escaped workflow command each', () => {
    expect(formatIssuesGithub([ISSUE, WARNING])).toBe(
      [
        '::error file=conf.d/a b.yaml,line=2,col=5,title=DUPLICATE::the service fwmark:1 is in this file twice%0Ahint: 50%25 off, really%0Afirst here: /etc/x.yaml:1:1',
        '::warning file=a%2Cb%3Ac.yaml,line=9,col=1,title=UNSERVED::line 1%0Aline 2',
        '',
      ].join('\n'),
    );
  });
});

describe('issues as SARIF', () => {
  it('are results of one run with their rules and places', () => {
    const log = JSON.parse(formatIssuesSarif([WARNING, ISSUE], '1.2.3'));
    expect(log).toMatchObject({
      version: '2.1.0',
      runs: [
        {
          tool: {
            driver: {
              name: 'ipvstate',
              rules: [{ id: 'DUPLICATE' }, { id: 'UNSERVED' }],
            },
          },
        },
      ],
    });
    expect(log.runs[0].results[1]).toEqual({
      ruleId: 'DUPLICATE',
      ruleIndex: 0,
      level: 'error',
      message: { text: 'the service fwmark:1 is in this file twice. 50% off, really' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'conf.d/a%20b.yaml' },
            region: { startLine: 2, startColumn: 5 },
          },
        },
      ],
      relatedLocations: [
        {
          id: 1,
          message: { text: 'first here' },
          physicalLocation: {
            artifactLocation: { uri: 'file:///etc/x.yaml' },
            region: { startLine: 1, startColumn: 1 },
          },
        },
      ],
    });
    expect(log.runs[0].results[0]).toMatchObject({ ruleIndex: 1, level: 'warning' });
    expect(log.runs[0].tool.driver).toMatchObject({ name: 'ipvstate', version: '1.2.3' });
  });

  it('are a run without results when there are no issues', () => {
    expect(JSON.parse(formatIssuesSarif([], '1.2.3')).runs[0].results).toEqual([]);
  });
});
