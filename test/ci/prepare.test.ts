import { expect, test } from 'vitest';

const { isInstalled, isNodeSupported } = await import(
  new URL('../../.ci/prepare.js', import.meta.url).href
);
const { closingLine, count, failures } = await import(
  new URL('../../.ci/count.js', import.meta.url).href
);
const { thirdPartyLicenses } = await import(new URL('../../.ci/licenses.js', import.meta.url).href);

test('the version of Node is compared with each range, part by part and by number', () => {
  const range = '^20.19 || ^22.12 || ^24 || >=26';
  const isSupported = (version: string): boolean => isNodeSupported(version, range);
  const supported = ['20.19.0', '20.20.2', '22.12.0', '24.0.0', '26.0.0', '27.1.0', '100.0.0'];
  expect(supported.filter((version) => !isSupported(version))).toEqual([]);
  const others = ['18.20.0', '20.18.3', '21.9.0', '22.11.0', '23.1.0', '25.9.0'];
  expect(others.filter(isSupported)).toEqual([]);
});

test("packages count as installed when npm's list has the versions of the lock file", () => {
  const lock = {
    packages: {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/a-darwin': { version: '1.0.0', optional: true },
    },
  };
  expect(isInstalled(lock, { packages: { 'node_modules/a': { version: '1.0.0' } } })).toBe(true);
  expect(isInstalled(lock, { packages: { 'node_modules/a': { version: '1.0.1' } } })).toBe(false);
  expect(
    isInstalled(lock, {
      packages: {
        'node_modules/a': { version: '1.0.0' },
        'node_modules/a-darwin': { version: '0.9.0' },
      },
    }),
  ).toBe(false);
  expect(isInstalled(lock, {})).toBe(false);
});

test('the closing line adds up the suites, and counts skipped tests', () => {
  const unit = {
    numPassedTests: 10,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [],
  };
  const kernel = { ...unit, numPassedTests: 5, numFailedTests: 2 };
  expect(closingLine([count(unit, 0), count(kernel, 1)])).toBe('15 passed, 2 failed');
  expect(closingLine([count({ ...unit, numPendingTests: 1 }, 0)])).toBe(
    '10 passed, 0 failed, 1 skipped',
  );
});

test('a run that fails outside its tests counts as a failed test', () => {
  const clean = {
    numPassedTests: 10,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [],
  };
  expect(count(clean, 1).failed).toBe(1);
  expect(count(null, null).failed).toBe(1);
  expect(count(null, 0).failed).toBe(1);
  expect(
    count({ ...clean, testResults: [{ status: 'failed', assertionResults: [] }] }, 1).failed,
  ).toBe(1);
});

test('each failure has a line with its file, its name and the first line of its message', () => {
  const where = { name: 'kernel-first', root: '/srv/ipvstate' };
  const test = (status: string, fullName: string, ...failureMessages: string[]) => ({
    ...{ status, fullName, failureMessages },
  });
  const report = {
    numPassedTests: 1,
    numFailedTests: 1,
    testResults: [
      {
        ...{ name: '/srv/ipvstate/test/a.test.ts', status: 'failed', message: '' },
        assertionResults: [
          test('passed', 'a plan is made'),
          test(
            'failed',
            'a plan is kept',
            '\u001b[31mAssertionError: 1 is not 2\u001b[39m\n  at a.ts',
          ),
        ],
      },
      {
        ...{ name: '/srv/ipvstate/test/b.test.ts', status: 'failed', message: 'no such file\n' },
        assertionResults: [],
      },
      {
        ...{ name: '/srv/ipvstate/test/c.test.ts', status: 'failed', message: 'a hook failed' },
        assertionResults: [test('passed', 'a hook is called')],
      },
    ],
  };
  expect(failures(report, 1, where)).toEqual([
    'FAILED: test/a.test.ts: a plan is kept: AssertionError: 1 is not 2',
    'FAILED: test/b.test.ts: no such file',
    'FAILED: test/c.test.ts: a hook failed',
  ]);
  expect(count(report, 1).failed).toBe(3);
  expect(failures({ ...report, numFailedTests: 0, testResults: [] }, 1, where)).toEqual([
    'FAILED: the kernel-first tests: the run ended with status 1 outside its tests',
  ]);
  expect(failures(null, null, where)).toEqual([
    'FAILED: the kernel-first tests: the run was killed without a report',
  ]);
  expect(failures({ ...report, numFailedTests: 0, testResults: [] }, 0, where)).toEqual([]);
  const long = { ...report, testResults: [{ ...report.testResults[1], message: 'x'.repeat(999) }] };
  expect(failures(long, 1, where)[0].length).toBeLessThan(300);
});

test('the build has the licence of each bundled package, and fails when one has no text', () => {
  const root = new URL('../..', import.meta.url).pathname;
  const text = thirdPartyLicenses(root, [
    'node_modules/yaml/dist/index.js',
    'node_modules/yaml/dist/util.js',
    'src/index.ts',
  ]);
  expect(text.match(/^yaml \d\S* \(ISC\)$/gm)).toHaveLength(1);
  expect(text).toContain('Permission to use, copy, modify');
  expect(() => thirdPartyLicenses(root, ['node_modules/no-such-package/index.js'])).toThrow();
});
