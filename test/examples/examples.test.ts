import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examples } from '../support/examples.ts';
import { expectGolden } from '../support/golden.ts';
import { runCli } from '../support/run-cli.ts';

describe.each(examples())('example $name', ({ config, live, plan, after }) => {
  let folder: string;
  let table: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ipvstate-example-'));
    table = join(folder, 'live.save');
    await copyFile(live, table);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is valid, and has no warnings but the expected ones', async () => {
    const { status, stderr } = await runCli(['validate', '-f', config]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('has the plan of plan.txt', async () => {
    const argv = ['plan', '-f', config, '--table', live, '--quiet'];
    const { status, stdout, stderr } = await runCli(argv);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    await expectGolden(plan, stdout);
  });

  it('leads to after.save, and then to no changes', async () => {
    expect(await runCli(['apply', '-f', config, '--table', table, '--quiet'])).toMatchObject({
      status: 0,
      stderr: '',
    });
    await expectGolden(after, await readFile(table, 'utf8'));
    expect(
      await runCli([
        'plan',
        '-f',
        config,
        '--table',
        after,
        '--detailed-exitcode',
        '--quiet',
        '--only',
        '*',
      ]),
    ).toMatchObject({
      stderr: '',
    });
  });
});
