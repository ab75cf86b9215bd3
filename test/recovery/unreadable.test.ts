import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { formatConfig } from '../../src/config/write/yaml.ts';
import { cannotRead, throwAsPermission } from '../../src/errors.ts';
import type { Table } from '../../src/model/table.ts';
import { diff } from '../../src/plan/diff.ts';
import { openDrainStore } from '../../src/recovery/records/drains.ts';
import { openProtectedStore } from '../../src/recovery/records/protected.ts';
import { type MisbehavingTable, openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { type CliOptions, type CliResult, runCli } from '../support/run-cli.ts';
import { keyOf, tableOf } from '../support/tables.ts';
import { type TemporaryState, temporaryState } from '../support/temporary-state.ts';

const BEFORE = tableOf({
  'tcp://192.0.2.1:80': { scheduler: 'rr', destinations: { '10.0.0.1:80': 1 } },
});
const AFTER = tableOf({
  'tcp://192.0.2.1:80': { scheduler: 'rr', destinations: { '10.0.0.1:80': 2 } },
});

let state: TemporaryState;
let kernel: MisbehavingTable;
beforeEach(() => {
  state = temporaryState();
  kernel = openMisbehavingTable(BEFORE);
});

const run = (argv: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
  runCli(argv, { state, stdin: formatConfig(AFTER), openKernel: async () => kernel, ...options });
const is = (table: Table): void => expect(diff(kernel.table(), table)).toEqual([]);
const path = (name: string): string => join(state.runtime, name);

/** Makes a file unreadable for every user: reading a folder fails with EISDIR. */
function hide(name: string): void {
  mkdirSync(state.runtime, { recursive: true });
  if (existsSync(path(name))) renameSync(path(name), path(`${name}.hidden`));
  mkdirSync(path(name));
}

function show(name: string): void {
  rmdirSync(path(name));
  renameSync(path(`${name}.hidden`), path(name));
}

describe('a record that cannot be read', () => {
  test.each(['try.json', 'unfinished.json', 'protected.json', 'drains.json'])(
    'makes apply exit 74 before it changes anything, and stays where it is: %s',
    async (name) => {
      hide(name);
      expect(await run(['apply', '-f', '-'])).toMatchObject({
        status: 74,
        stdout: '',
        stderr: expect.stringContaining(`${name} cannot be read (EISDIR)`),
      });
      is(BEFORE);
      expect(readdirSync(state.runtime).filter((file) => file.includes('corrupt'))).toEqual([]);
      expect(existsSync(path(name))).toBe(true);
    },
  );

  test('makes plan say that it does not know whether a try is pending', async () => {
    hide('try.json');
    expect(await run(['plan', '-f', '-'])).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('whether a try is pending is not known'),
    });
  });

  test('makes plan fail when it holds the protected services, because the guard needs them', async () => {
    hide('protected.json');
    expect(await run(['plan', '-f', '-'])).toMatchObject({ status: 74, stdout: '' });
  });

  test('is never taken for an empty one by the stores', async () => {
    const service = keyOf('tcp://192.0.2.1:80');
    await openProtectedStore(state, () => {}).write(new Set([service]));
    hide('protected.json');
    hide('drains.json');
    await expect(openProtectedStore(state, () => {}).read()).rejects.toMatchObject({ code: 'IO' });
    await expect(openDrainStore(state, () => {}).read()).rejects.toMatchObject({ code: 'IO' });
    show('protected.json');
    expect(await openProtectedStore(state, () => {}).read()).toEqual(new Set([service]));
  });

  test('does not keep a try from being rolled back when it holds the drains', async () => {
    await run(['try', '-f', '-', '--timeout', '60s', '--no-wait']);
    hide('drains.json');
    expect(await run(['rollback'])).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('drains.json cannot be read (EISDIR)'),
    });
    is(BEFORE);
  });

  test('does not confirm a try by half', async () => {
    await run(['try', '-f', '-', '--timeout', '60s', '--no-wait']);
    hide('unfinished.json');
    expect(await run(['confirm'])).toMatchObject({ status: 74, stdout: '' });
    expect(existsSync(path('try.json'))).toBe(true);
    expect(existsSync(join(state.folders.state, 'try-outcome.json'))).toBe(false);
  });
});

test('a journal that cannot be read is reported, and the run goes on', async () => {
  mkdirSync(join(state.folders.state, 'journal.jsonl'), { recursive: true });
  expect(await run(['apply', '-f', '-'])).toMatchObject({
    status: 0,
    stderr: expect.stringContaining('whether the last run was cut off is not known'),
  });
  is(AFTER);
});

describe('the record of a pending try that cannot be read for some seconds', () => {
  const guardOf = (): string[] => [
    'guard-try',
    (JSON.parse(readFileSync(path('try.json'), 'utf8')) as { id: string }).id,
  ];

  /** Hides the record between two times on the state's clock. */
  function hideBetween(from: number, to: number): void {
    const sleep = state.clock.sleep.bind(state.clock);
    let isHidden = false;
    state.clock.sleep = async (milliseconds) => {
      await sleep(milliseconds);
      const { seconds } = state.clock;
      const hides = seconds >= from && seconds < to;
      if (hides === isHidden) return;
      isHidden = hides;
      (hides ? hide : show)('try.json');
    };
  }

  test('does not end its guard, which rolls the try back later', async () => {
    await run(['try', '-f', '-', '--timeout', '60s', '--no-wait']);
    hideBetween(5010, 5090);
    expect(await run(guardOf())).toMatchObject({ status: 0 });
    expect(state.clock.seconds).toBeGreaterThanOrEqual(5090);
    is(BEFORE);
  });

  test('does not end the command that waits, which says so', async () => {
    hideBetween(5010, 5020);
    expect(await run(['try', '-f', '-', '--timeout', '60s'])).toMatchObject({
      status: 8,
      stderr: expect.stringMatching(/try\.json cannot be read \(EISDIR\): waiting until/),
    });
    is(BEFORE);
  });

  test('ends the command that waits when a signal comes, and leaves the try to its guard', async () => {
    const interruption = new AbortController();
    await run(['try', '-f', '-', '--timeout', '60s', '--no-wait']);
    const guard = guardOf();
    await run(['rollback']);
    const sleep = state.clock.sleep.bind(state.clock);
    let guarded: readonly string[] = guard;
    state.clock.sleep = async (milliseconds) => {
      await sleep(milliseconds);
      if (state.clock.seconds < 5010 || interruption.signal.aborted) return;
      guarded = guardOf();
      hide('try.json');
      interruption.abort(130);
    };
    expect(
      await run(['try', '-f', '-', '--timeout', '60s'], { signal: interruption.signal }),
    ).toMatchObject({ status: 74 });
    is(AFTER);
    show('try.json');
    expect(await run(guarded)).toMatchObject({ status: 0 });
    is(BEFORE);
  });
});

test.each([
  ['EACCES', 'PERMISSION', 'Run as root, or as the user who writes to the table.'],
  ['EIO', 'IO', undefined],
])('a record that this user cannot read because of %s is an error %s', (errno, code, hint) => {
  const error = cannotRead(
    '/run/ipvstate/host/last.json',
    Object.assign(new Error(), { code: errno }),
  );
  expect(() => throwAsPermission(error)).toThrow(expect.objectContaining({ code, hint }));
});
