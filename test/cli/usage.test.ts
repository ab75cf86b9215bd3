import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { SUMMARY_WIDTH } from '../../src/cli/declare/program-help.ts';
import { checkVerb } from '../../src/cli/verbs/check.ts';
import { loadVerbs } from '../../src/cli/verbs.ts';
import { GUARD_VERB } from '../../src/recovery/try/guard-verb.ts';
import { Captured, runCli } from '../support/run-cli.ts';
import { shop } from './workspace.ts';

const ALL = await loadVerbs([]);
const EXPLAINED = ALL.filter(({ job }) => job !== 'hidden');

describe('help', () => {
  it('is an error on stderr when the command line is empty', async () => {
    const help = await runCli(['--help']);
    expect(await runCli([])).toEqual({ status: 64, stdout: '', stderr: help.stdout });
  });

  it.each(['--help', '-h', 'help'])('shows all verbs by job on stdout for %s', async (word) => {
    const { status, stdout, stderr } = await runCli([word]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const { name, summary } of EXPLAINED)
      expect(stdout).toContain(`  ${name.padEnd(11)}  ${summary}`);
    const headings = [...stdout.matchAll(/^([A-Z][a-z ]+):$/gm)].map(([, heading]) => heading);
    expect(headings.slice(0, 4)).toEqual(['Files', 'Change the table', 'Operate', 'Look']);
  });

  it('shows all verbs on one screen of 24 lines and 80 columns', async () => {
    const { stdout } = await runCli(['--help']);
    expect(stdout.trimEnd().split('\n').length).toBeLessThan(24);
    expect(EXPLAINED.filter(({ summary }) => summary.length > SUMMARY_WIDTH)).toEqual([]);
  });

  it('shows one verb on each line of a narrow terminal', async () => {
    const stdout = new Captured(true, 77);
    await runCli(['--help'], { stdout });
    for (const { name, summary } of EXPLAINED)
      expect(stdout.text.split('\n')).toContain(`  ${name.padEnd(11)}  ${summary}`);
  });

  it('adds first steps and exit codes for help without a topic', async () => {
    const { stdout } = await runCli(['help']);
    expect(stdout).toContain('Examples:');
    expect(stdout).toContain('Exit codes:');
  });

  it('leaves out the verb that only the program calls', async () => {
    expect(ALL.map(({ name }) => name)).toContain(GUARD_VERB);
    expect((await runCli(['--help'])).stdout).not.toContain(GUARD_VERB);
  });

  it.each(EXPLAINED)(
    'shows two examples or more of $name, and its exit codes',
    async ({ name, examples }) => {
      expect(examples.length).toBeGreaterThanOrEqual(2);
      const { status, stdout, stderr } = await runCli([name, '--help']);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout.split('Examples:')[1]).toMatch(new RegExp(`ipvstate ${name}\\s`));
      expect(stdout.split('Exit codes:')[1]).toMatch(/^\n {2}0 +\S/);
      expect(await runCli(['help', name])).toMatchObject({ status: 0, stdout });
    },
  );

  it('has no line of more than 80 columns', async () => {
    for (const argv of [['--help'], ...EXPLAINED.map(({ name }) => [name, '--help'])]) {
      expect((await runCli(argv)).stdout.split('\n').filter((line) => line.length > 80)).toEqual(
        [],
      );
    }
  });

  it.each(EXPLAINED)('uses only options that exist in the examples of $name', async (verb) => {
    for (const example of verb.examples) {
      for (const [, line = ''] of example.matchAll(
        /(?:^|[|;&] *) *ipvstate ([^|;&>\n]*?)(?: {2,}.*)?$/gm,
      )) {
        const [named = ''] = line.split(' ');
        const help = (await runCli([named, '--help'])).stdout;
        for (const [flag = ''] of line.matchAll(/--?[a-z][a-z-]*/g))
          expect(help, line).toContain(flag);
      }
    }
  });

  it.each([0, 2, 65, 69, 77])(
    'of check shows a line that logs for exit code 2 only, here %i',
    (code) => {
      const [example = ''] = checkVerb.examples;
      const program = `ipvstate() { return ${code}; }; logger() { echo logged; }`;
      const logged = execFileSync('sh', ['-c', `${program}; ${example}; true`], {
        encoding: 'utf8',
      });
      expect(logged).toBe(code === 2 ? 'logged\n' : '');
    },
  );

  it('of try leaves --table out, which try refuses with the reason', async () => {
    expect((await runCli(['try', '--help'])).stdout).not.toContain('--table');
    expect(await runCli(['try', '--table', 'live.save'])).toEqual({
      status: 64,
      stdout: '',
      stderr:
        'ipvstate: `try` changes the kernel and takes no --table\n' +
        '    To try a plan on a saved table, copy the table and apply the plan to the copy.\n',
    });
  });

  it.each(['--version', '-V'])('prints the version in one line on stdout for %s', async (flag) => {
    expect(await runCli([flag])).toEqual({ status: 0, stdout: '0.0.0-test\n', stderr: '' });
  });
});

describe('wrong usage', () => {
  it.each([
    { line: 'frob', says: "unknown command 'frob'" },
    { line: 'paln', says: "unknown command 'paln'\n(Did you mean plan?)" },
    { line: 'plan --fil x', says: "unknown option '--fil'\n(Did you mean --file?)" },
    { line: 'plan -f', says: "option '-f, --file <path>' argument missing" },
    { line: 'plan --table', says: "option '--table <file>' argument missing" },
    { line: 'plan --netns', says: "option '--netns <name>' argument missing" },
    {
      line: 'plan -o xml',
      says: "argument 'xml' is invalid. Allowed choices are text, json, markdown, ipvsadm.",
    },
    { line: 'export -o text', says: 'Allowed choices are yaml, json, save, html.' },
    { line: 'apply -o markdown', says: 'Allowed choices are text, json.' },
    { line: 'apply --on-error panic', says: 'Allowed choices are rollback, stop, continue.' },
    { line: 'validate --yes', says: "unknown option '--yes'" },
    { line: 'plan --yes', says: "unknown option '--yes'" },
    { line: 'check --allow-empty', says: "unknown option '--allow-empty'" },
    { line: 'plan extra', says: "too many arguments for 'plan'" },
    {
      line: 'validate shop.yaml',
      says: '(Name a configuration with -f: ipvstate validate -f FILE)\n',
    },
    { line: 'completion ksh', says: "'ksh' is not known. Allowed choices are bash, zsh, fish." },
    { line: 'apply one two', says: "too many arguments for 'apply'" },
    { line: 'import', says: "missing required argument 'file'" },
    {
      line: 'schema foo',
      says: 'doctor, explanation, overrides, error, top, health, generations, push-plan, fleet-diff, fleet, history, journal, api-status, api-services, api-fleet.',
    },
    { line: '--color never plan', says: "unknown option '--color'" },
  ])('exits 64 and explains the error on stderr: $line', async ({ line, says }) => {
    const { status, stdout, stderr } = await runCli(line.split(' '));
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toMatch(/^ipvstate: /);
    expect(stderr).toContain(says);
    expect(stderr).toContain('    Run with --help for what there is.\n');
  });

  it('exits 66 for an unknown network namespace', async () => {
    expect(await runCli(['plan', '--netns', 'no-such-ns'])).toEqual({
      status: 66,
      stdout: '',
      stderr:
        'ipvstate: there is no network namespace no-such-ns (/run/netns/no-such-ns does not exist)\n' +
        '    `ip netns list` shows the names of network namespaces.\n',
    });
    expect(await runCli(['export', '--netns=/etc/passwd'])).toMatchObject({
      status: 66,
      stderr: expect.stringContaining('/etc/passwd is no network namespace'),
    });
  });
});

describe('a bug', () => {
  const openKernel = () => Promise.reject(new TypeError('x is not a function'));

  it('exits 1 and says how to report it', async () => {
    const { status, stderr } = await shop().run('plan -f ./shop.yaml', { openKernel });
    expect(status).toBe(1);
    expect(stderr).toBe(
      'ipvstate: this is a bug: x is not a function\n    Run again with IPVSTATE_TRACE=1 for the stack, and report it.\n',
    );
  });

  it('shows the stack with IPVSTATE_TRACE', async () => {
    const { status, stderr } = await shop().run('plan -f ./shop.yaml', {
      openKernel,
      env: { IPVSTATE_TRACE: '1' },
    });
    expect(status).toBe(1);
    expect(stderr).toContain('usage.test.ts');
  });
});

describe('schema', () => {
  it.each([
    ...['config', 'plan', 'report', 'validation', 'status', 'explanation', 'error', 'journal'],
    ...['api-status', 'api-services', 'api-fleet'],
  ])('prints the whole schema %s', async (name) => {
    const { status, stdout, stderr } = await runCli(['schema', name]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      $id: `urn:ipvstate:schema:${name}:1`,
      title: expect.stringMatching(/^ipvstate/),
      type: 'object',
    });
  });

  it('prints the schema of the configuration by default', async () => {
    expect((await runCli(['schema'])).stdout).toBe((await runCli(['schema', 'config'])).stdout);
  });
});
