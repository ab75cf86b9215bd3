// Counts the results of Vitest runs from their JSON reports, and names the tests that failed.
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const MESSAGE_COLUMNS = 200;

/**
 * The counts of one run. A failure outside a test counts as one failed test: a file that cannot be
 * loaded, an unhandled rejection, or a run without a report. So a run with a failed status always
 * has a failure.
 */
export function count(report, status) {
  const passed = report?.numPassedTests ?? 0;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  const failed = (report?.numFailedTests ?? 0) + brokenFiles(report).length;
  const isBroken = status !== 0 || report === null;
  return { passed, skipped, failed: isBroken && failed === 0 ? 1 : failed };
}

/**
 * The failures that `count` counts, a line for each: the file, the full name of the test, and the
 * first line of its message.
 */
export function failures(report, status, { name, root }) {
  const files = report?.testResults ?? [];
  const tests = files.flatMap((file) =>
    file.assertionResults
      .filter(isFailed)
      .map((test) => [relative(root, file.name), test.fullName, test.failureMessages?.[0] ?? '']),
  );
  const broken = brokenFiles(report).map((file) => [relative(root, file.name), file.message ?? '']);
  const all = [...tests, ...broken];
  if (all.length === 0 && count(report, status).failed > 0) {
    const end = status === null ? 'was killed' : `ended with status ${status}`;
    const without = report === null ? 'without a report' : 'outside its tests';
    all.push([`the ${name} tests`, `the run ${end} ${without}`]);
  }
  return all.map((parts) => `FAILED: ${parts.map(firstLine).filter(Boolean).join(': ')}`);
}

const isFailed = ({ status }) => status === 'failed';

/** Files that failed outside their tests, such as when they were loaded. */
function brokenFiles(report) {
  return (report?.testResults ?? []).filter(
    (file) => isFailed(file) && !file.assertionResults.some(isFailed),
  );
}

function firstLine(text) {
  const [line = ''] = stripVTControlCharacters(text).trim().split('\n');
  return line.length > MESSAGE_COLUMNS ? `${line.slice(0, MESSAGE_COLUMNS - 1)}…` : line;
}

export function closingLine(counts) {
  const sum = (key) => counts.reduce((total, one) => total + one[key], 0);
  const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
  return `${sum('passed')} passed, ${sum('failed')} failed${skipped}`;
}
