import { afterEach, describe, expect, it, vi } from 'vitest';
import { Output, type ShownStages } from '../../src/cli/output.ts';
import { openBusyTable } from '../support/busy-table.ts';
import { Captured } from '../support/run-cli.ts';
import { tableOf } from '../support/tables.ts';
import { SHOP, shop } from './workspace.ts';

/** The stages on stderr, without their times. */
const stages = (stderr: string): string[] =>
  stderr
    .split('\n')
    .filter((line) => / \(\d+ ms\)$/.test(line))
    .map((line) => line.replace(/ \(\d+ ms\)$/, ''));

const FILES = 'read the files: 1 file, 1 service, 2 destinations';
const SIDE = 'read the files: 1 service, 2 destinations';
const TABLE = 'read the table: 1 service, 2 destinations';
const AGAIN = 'read again: 1 service, 2 destinations';
const PLANNED = 'planned: 2 changes, 2 operations, 2 waves';

describe('--verbose', () => {
  it.each([
    ['validate -f ./shop.yaml', [FILES]],
    ['plan -f ./shop.yaml --table ./live.save', [FILES, TABLE, PLANNED, AGAIN]],
    ['check -f ./shop.yaml --table ./live.save', [FILES, TABLE, PLANNED, AGAIN]],
    [
      'apply -f ./shop.yaml --table ./live.save',
      [
        FILES,
        TABLE,
        PLANNED,
        AGAIN,
        'executed: 1 operation, 0 refusals',
        'executed: 1 operation, 0 refusals',
        'verified: 0 differences',
      ],
    ],
    ['export --table ./live.save', [TABLE, TABLE]],
    ['diff ./live.save ./shop.yaml', [SIDE, SIDE]],
    ['import ./live.save', [FILES]],
    ['explain shop -f ./shop.yaml --table ./live.save', [FILES, TABLE, PLANNED, AGAIN]],
    ['health --once -f ./shop.yaml', [FILES, 'checked the health: 0 destinations']],
  ])('prints the stages of %s with their times on stderr', async (line, expected) => {
    const verbose = await shop().run(`${line} -v`);
    expect(stages(verbose.stderr)).toEqual(expected);
    const brief = await shop().run(line);
    expect(stages(brief.stderr)).toEqual([]);
    expect(verbose).toMatchObject({ status: brief.status, stdout: brief.stdout });
  });

  it('prints the stages of a saved plan', async () => {
    const { run } = shop();
    await run('plan -f ./shop.yaml --table ./live.save --save ./shop.plan');
    const { stderr } = await run('apply ./shop.plan --table ./live.save --verbose');
    expect(stages(stderr)[0]).toBe(TABLE);
    expect(stages(stderr).at(-1)).toBe('verified: 0 differences');
  });

  it('prints the stages of a drain', async () => {
    const live = { destinations: { '10.1.0.11:443': 1, '10.1.0.12:443': 3 } };
    const kernel = openBusyTable(tableOf({ 'tcp://192.0.2.10:443': live }), {});
    const openKernel = async () => kernel;
    const line = 'drain shop 10.1.0.11 -f ./shop.yaml -v';
    const { status, stderr } = await shop().run(line, { openKernel });
    expect(status).toBe(0);
    expect(stages(stderr)).toEqual([
      ...[FILES, TABLE, 'planned: 1 change, 1 operation, 1 wave'],
      ...['executed: 1 operation, 0 refusals', 'verified: 0 differences'],
    ]);
  });

  it('keeps stdout one JSON document, also behind other short options', async () => {
    const { stdout, stderr } = await shop().run('plan -f ./shop.yaml --table ./live.save -vo json');
    expect(JSON.parse(stdout)).toMatchObject({ format: 'ipvstate-plan' });
    expect(stages(stderr)).toHaveLength(4);
  });

  it('prints nothing more with --quiet', async () => {
    const { stderr } = await shop().run('plan -f ./shop.yaml --table ./live.save -vq');
    expect(stderr).toBe('');
  });

  it('prints no time for a stage that fails', async () => {
    const { status, stderr } = await shop().run('plan -f ./gone.yaml -v');
    expect(status).toBe(66);
    expect(stages(stderr)).toEqual([]);
  });
});

describe('a stage that takes long', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Runs a stage of 3 seconds. Returns what stderr had before its end, and after the verb. */
  async function slowStage(options: {
    readonly stages: ShownStages;
    readonly isTTY?: boolean;
    readonly quiet?: boolean;
    readonly env?: NodeJS.ProcessEnv;
  }): Promise<{ readonly during: string; readonly after: string }> {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stderr = new Captured(options.isTTY ?? true);
    let now = 0;
    const output = new Output(new Captured(), stderr, options.env ?? {}, () => now);
    output.configure({ color: 'never', quiet: options.quiet ?? false, stages: options.stages });
    let finish = (_: undefined): void => {};
    const stage = output.stage(
      'read-table',
      () => new Promise<undefined>((resolve) => (finish = resolve)),
      () => ({ service: 1 }),
    );
    now = 3000;
    vi.advanceTimersByTime(3000);
    const during = stderr.text;
    finish(undefined);
    await stage;
    output.endProgress();
    return { during, after: stderr.text };
  }

  it('is shown on a terminal after a second, and erased at the end', async () => {
    const { during, after } = await slowStage({ stages: 'shown' });
    expect(during).toBe('\rreading the table ...\u001b[K');
    expect(after).toBe(`${during}\r\u001b[K`);
  });

  it('is erased before its line with --verbose', async () => {
    const { during, after } = await slowStage({ stages: 'listed' });
    expect(after).toBe(`${during}\r\u001b[Kread the table: 1 service (3000 ms)\n`);
  });

  it.each([
    { why: 'in a pipe', options: { stages: 'shown', isTTY: false } },
    { why: 'with --quiet', options: { stages: 'shown', quiet: true } },
    { why: 'on a dumb terminal', options: { stages: 'shown', env: { TERM: 'dumb' } } },
    { why: 'of a verb that does not end, such as watch', options: { stages: 'hidden' } },
  ] as const)('is not shown $why', async ({ options }) => {
    expect(await slowStage(options)).toEqual({ during: '', after: '' });
  });

  it.each(['validate -f ./shop.yaml', 'diff ./shop.yaml ./live.save'])(
    'is shown before a long text is parsed, which lets no timer fire: %s',
    async (line) => {
      const shown = async (text: string) => {
        const stderr = new Captured(true);
        await shop({ 'shop.yaml': text }).run(line, { stderr });
        return stderr.text;
      };
      expect(await shown(SHOP)).toBe('');
      const long = `# ${'x'.repeat(2 ** 20)}\n${SHOP}`;
      const text = await shown(long);
      expect(text.startsWith('\rreading the files ...\u001b[K')).toBe(true);
      expect(text.endsWith('\r\u001b[K')).toBe(true);
    },
  );

  it('is not shown when it takes less than a second', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stderr = new Captured(true);
    const output = new Output(new Captured(), stderr, {}, () => 0);
    output.configure({ color: 'never', quiet: false, stages: 'shown' });
    await output.stage(
      'plan',
      () => 1,
      () => ({}),
    );
    expect(vi.getTimerCount()).toBe(0);
    expect(stderr.text).toBe('');
  });
});
