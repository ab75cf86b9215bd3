import { describe, expect, it } from 'vitest';
import { Output } from '../../src/cli/output.ts';
import { Captured } from '../support/run-cli.ts';
import { shop, workspace } from './workspace.ts';

const ESCAPE = '\u001b[';
const PLAN = 'plan -f ./shop.yaml --table ./live.save';

describe('colour', () => {
  it.each([
    { when: 'on a terminal', isTTY: true, env: {}, flag: '', colored: true },
    { when: 'in a pipe', isTTY: false, env: {}, flag: '', colored: false },
    {
      when: 'on a terminal with NO_COLOR',
      isTTY: true,
      env: { NO_COLOR: '1' },
      flag: '',
      colored: false,
    },
    {
      when: 'on a terminal with an empty NO_COLOR',
      isTTY: true,
      env: { NO_COLOR: '' },
      flag: '',
      colored: true,
    },
    { when: 'on a dumb terminal', isTTY: true, env: { TERM: 'dumb' }, flag: '', colored: false },
    {
      when: 'in a pipe with --color always',
      isTTY: false,
      env: {},
      flag: ' --color always',
      colored: true,
    },
    {
      when: 'with NO_COLOR and --color always',
      isTTY: false,
      env: { NO_COLOR: '1' },
      flag: ' --color always',
      colored: true,
    },
    {
      when: 'on a terminal with --color never',
      isTTY: true,
      env: {},
      flag: ' --color never',
      colored: false,
    },
    {
      when: 'on a terminal with --color auto',
      isTTY: true,
      env: {},
      flag: ' --color auto',
      colored: true,
    },
    {
      when: 'in a pipe with --color auto',
      isTTY: false,
      env: {},
      flag: ' --color auto',
      colored: false,
    },
  ])('is used: $colored, $when', async ({ isTTY, env, flag, colored }) => {
    const { run } = shop({ 'bad.yaml': 'version: 1\n' });
    expect((await run(`${PLAN}${flag}`, { isTTY, env })).stdout.includes(ESCAPE)).toBe(colored);
    expect(
      (await run(`validate -f ./bad.yaml${flag}`, { isTTY, env })).stdout.includes(ESCAPE),
    ).toBe(colored);
    expect((await run(`plan -f ./bad.yaml${flag}`, { isTTY, env })).stderr.includes(ESCAPE)).toBe(
      colored,
    );
  });

  it('is never in JSON, Markdown, ipvsadm lines or exports', async () => {
    const { run } = shop();
    for (const format of ['json', 'markdown', 'ipvsadm']) {
      expect(
        (await run(`${PLAN} -o ${format} --color always`, { isTTY: true })).stdout,
      ).not.toContain(ESCAPE);
    }
    for (const format of ['yaml', 'json', 'save']) {
      expect(
        (await run(`export --table ./live.save -o ${format} --color always`)).stdout,
      ).not.toContain(ESCAPE);
    }
  });

  it('is the only difference that --color always makes', async () => {
    const { run } = shop();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for escape sequences
    const plain = (await run(`${PLAN} --color always`)).stdout.replaceAll(/\u001b\[\d+m/g, '');
    expect(plain).toBe((await run(PLAN)).stdout);
  });

  it('is a usage error for any other word', async () => {
    expect(await shop().run(`${PLAN} --color sometimes`)).toMatchObject({ status: 64 });
  });
});

describe('--quiet', () => {
  it('leaves warnings and remarks out, and keeps results and errors', async () => {
    const { run } = workspace({
      'odd.yaml': 'version: 1\nservices: [{ address: "tcp://192.0.2.1:80", scheduler: rr }]\n',
      'bad.yaml': 'version: 1\n',
      'live.save': '',
    });
    expect((await run('plan -f ./odd.yaml --table ./live.save')).stderr).toContain(
      'warning UNSERVED',
    );
    const quiet = await run('plan -f ./odd.yaml --table ./live.save -q');
    expect(quiet).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining('Plan: 1 service to add'),
    });
    expect((await run('plan -f ./bad.yaml --table ./live.save --quiet')).stderr).toContain(
      'error MISSING_KEY',
    );
  });
});

describe('progress', () => {
  function output(isTTY: boolean, columns = 80) {
    let now = 0;
    const stderr = new Captured(isTTY, columns);
    const stdout = new Captured(isTTY, columns);
    const writer = new Output(stdout, stderr, {}, () => now);
    return {
      writer,
      stdout,
      stderr,
      pass: (milliseconds: number) => {
        now += milliseconds;
      },
    };
  }

  it('is shown on a terminal once the work has taken a second', () => {
    const { writer, stderr, pass } = output(true);
    writer.progress('applied 1 of 9');
    pass(999);
    writer.progress('applied 2 of 9');
    expect(stderr.text).toBe('');
    pass(1);
    writer.progress('applied 3 of 9');
    expect(stderr.text).toBe(`\rapplied 3 of 9${ESCAPE}K`);
  });

  it('is drawn at most five times a second', () => {
    const { writer, stderr, pass } = output(true);
    writer.progress('applied 1 of 9');
    pass(1000);
    for (let step = 2; step <= 9; step++) {
      writer.progress(`applied ${step} of 9`);
      pass(100);
    }
    expect(stderr.text.match(/applied/g)).toHaveLength(4);
  });

  it('is erased before other text is written', () => {
    const { writer, stdout, stderr, pass } = output(true);
    writer.progress('a');
    pass(2000);
    writer.progress('b');
    writer.print('done\n');
    expect(stderr.text.endsWith(`\r${ESCAPE}K`)).toBe(true);
    expect(stdout.text).toBe('done\n');
    writer.print('more\n');
    expect(stderr.text.match(/\r/g)).toHaveLength(2);
  });

  it('is not cut on a terminal of unknown width', () => {
    const { writer, stderr, pass } = output(true, 0);
    writer.progress('x');
    pass(2000);
    writer.progress('29s left to confirm');
    expect(stderr.text).toContain('29s left to confirm');
  });

  it('is cut to the width of the terminal', () => {
    const { writer, stderr, pass } = output(true, 20);
    writer.progress('x');
    pass(2000);
    writer.progress('applied 1000 of 9000 operations');
    expect(stderr.text).toBe(`\rapplied 1000 of 900${ESCAPE}K`);
  });

  it('is not shown in a pipe or with --quiet', () => {
    for (const [isTTY, quiet] of [
      [false, false],
      [true, true],
    ] as const) {
      const { writer, stderr, pass } = output(isTTY);
      writer.configure({ color: 'auto', quiet });
      writer.progress('a');
      pass(5000);
      writer.progress('b');
      writer.print('done\n');
      expect(stderr.text).toBe('');
    }
  });
});
