// Counts the results of Vitest runs from their JSON reports.

/**
 * The counts of one run. A failure outside a test counts as one failed test: a file that cannot be
 * loaded, an unhandled rejection, or a run without a report. So a run with a failed status always
 * has a failure.
 */
export function count(report, status) {
  const passed = report?.numPassedTests ?? 0;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  const brokenFiles = (report?.testResults ?? []).filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const failed = (report?.numFailedTests ?? 0) + brokenFiles;
  const isBroken = status !== 0 || report === null;
  return { passed, skipped, failed: isBroken && failed === 0 ? 1 : failed };
}

export function closingLine(counts) {
  const sum = (key) => counts.reduce((total, one) => total + one[key], 0);
  const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
  return `${sum('passed')} passed, ${sum('failed')} failed${skipped}`;
}
