import { describe, expect, it } from 'vitest';
import { openBusyTable } from '../support/busy-table.ts';
import type { CliOptions } from '../support/run-cli.ts';
import { tableOf } from '../support/tables.ts';
import { temporaryState } from '../support/temporary-state.ts';
import { LIVE, shop } from './workspace.ts';

const TABLE = ['-f', './shop.yaml', '--table', './live.save'];
const PLAN = '1 destination to add, 1 destination to delete';

function kernel(): CliOptions {
  const table = openBusyTable(tableOf({ 'tcp://192.0.2.10:443': { destinations: {} } }), {});
  return { state: temporaryState(), openKernel: async () => table };
}

describe('--quiet', () => {
  it.each([
    { verb: 'validate', line: ['-f', './shop.yaml'], result: 'Valid: ' },
    { verb: 'plan', line: TABLE, result: PLAN },
    { verb: 'check', line: TABLE, result: `Not in sync: ${PLAN}` },
    { verb: 'import', line: ['./live.save'], result: 'version: 1' },
    { verb: 'export', line: ['--table', './live.save'], result: 'version: 1' },
  ])('keeps the result of $verb', async ({ verb, line, result }) => {
    const { stdout, stderr } = await shop().run([verb, ...line, '--quiet']);
    expect(stdout).toContain(result);
    expect(stderr).toBe('');
  });

  it('leaves apply one line: its report', async () => {
    expect(await shop().run(['apply', ...TABLE, '--quiet'])).toEqual({
      status: 0,
      stdout: 'Applied and verified: 2 operations.\n',
      stderr: '',
    });
  });

  it('leaves try and rollback their reports', async () => {
    const { run } = shop();
    const options = kernel();
    const tried = await run('try -f ./shop.yaml --no-wait --quiet', options);
    expect(tried).toMatchObject({ status: 0, stderr: '' });
    expect(tried.stdout).toMatch(/^Applied and verified: \d+ operations\.\n$/);
    const confirmed = await run('confirm --quiet', options);
    expect(confirmed.stdout).toMatch(/^Confirmed: .*\n$/);
    const rolledBack = await run('rollback --quiet --allow-unserved', options);
    expect(rolledBack).toMatchObject({ status: 0, stderr: '' });
    expect(rolledBack.stdout).toMatch(/^Applied and verified: \d+ operations\.\n$/);
  });

  it('keeps the refusal of a guard and what is wrong with a file', async () => {
    const { run, read } = shop({ 'none.yaml': 'version: 1\nservices: []\n', 'bad.yaml': 'a: 1\n' });
    const refused = await run('apply -f ./none.yaml --table ./live.save --quiet');
    expect(refused.stdout).toMatch(/^refused by guard empty: [\s\S]*Nothing was changed\.\n$/);
    const invalid = await run('apply -f ./bad.yaml --table ./live.save --quiet');
    expect(invalid.stderr).toContain('error UNKNOWN_KEY');
    expect(read('live.save')).toBe(LIVE);
  });

  it('shows the plan to a person who is asked', async () => {
    const { stdout, stderr } = await shop().run(['apply', ...TABLE, '--quiet'], { answer: 'n' });
    expect(stderr).toContain(PLAN);
    expect(stdout).toBe('Declined. Nothing was changed.\n');
  });
});
