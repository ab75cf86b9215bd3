import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { formatConfig } from '../../src/config/write/yaml.ts';
import type { Table } from '../../src/model/table.ts';
import { diff } from '../../src/plan/diff.ts';
import {
  type MisbehavingTable,
  type Misbehaviour,
  openMisbehavingTable,
} from '../support/misbehaving-ipvs.ts';
import { type CliOptions, type CliResult, runCli } from '../support/run-cli.ts';
import { destinationOf, serviceOf, tableOf } from '../support/tables.ts';
import { afterReboot, type TemporaryState, temporaryState } from '../support/temporary-state.ts';

const BEFORE = tableOf({
  'tcp://192.0.2.1:80': { scheduler: 'rr', destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 5 } },
  'tcp://192.0.2.2:80': { scheduler: 'wlc', destinations: { '10.0.0.9:80': 1 } },
});
const AFTER = tableOf({
  'tcp://192.0.2.1:80': { scheduler: 'wlc', destinations: { '10.0.0.1:80': 3, '10.0.0.3:80': 1 } },
  'tcp://192.0.2.2:80': { scheduler: 'wlc', destinations: { '10.0.0.9:80': 1 } },
  'tcp://192.0.2.3:80': { scheduler: 'rr', destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } },
});
const CONFIG = formatConfig(AFTER);

let state: TemporaryState;
let kernel: MisbehavingTable;
const path = (name: string): string => join(state.runtime, name);
const is = (table: Table): void => expect(diff(kernel.table(), table)).toEqual([]);

function boot(initial: Table = BEFORE, misbehaviour: Misbehaviour = {}): void {
  state = temporaryState();
  kernel = openMisbehavingTable(initial, misbehaviour);
}
beforeEach(() => boot());

function run(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return runCli(argv, { state, stdin: CONFIG, openKernel: async () => kernel, ...options });
}
const tryIt = (...more: string[]): Promise<CliResult> =>
  run(['try', '-f', '-', '--timeout', '60s', '--no-wait', ...more]);

describe('a try that is confirmed', () => {
  test('keeps its changes, which can be rolled back later', async () => {
    expect(await tryIt()).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('Confirm with `ipvstate confirm` within 1m'),
    });
    is(AFTER);
    expect(await run(['confirm'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Confirmed'),
      stderr: '',
    });
    expect(await run(['guard-try', 'x'])).toMatchObject({ status: 0 });
    is(AFTER);
    expect(await run(['rollback'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Applied and verified'),
    });
    is(BEFORE);
  });

  test('makes the waiting command exit with success', async () => {
    const waiting = run(['try', '-f', '-', '--timeout', '60s'], {
      startInBackground: async () => {
        const sleep = state.clock.sleep.bind(state.clock);
        state.clock.sleep = async (milliseconds) => {
          await sleep(milliseconds);
          if (state.clock.seconds > 5010) await run(['confirm']);
        };
      },
    });
    expect(await waiting).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/The try of .* was confirmed at/),
    });
    is(AFTER);
  });
});

describe('a try that nobody confirms', () => {
  test('is rolled back and verified by the waiting command, which exits 8', async () => {
    const result = await run(['try', '-f', '-', '--timeout', '60s']);
    expect(result).toMatchObject({
      status: 8,
      stdout: expect.stringMatching(
        /was not confirmed in time; it was rolled back at .* \(\d+ operations\) and the table was verified/,
      ),
    });
    is(BEFORE);
    expect(existsSync(path('try.json'))).toBe(false);
    expect(state.clock.seconds).toBeGreaterThanOrEqual(5060);
  });

  test('is rolled back by its guard when the command has ended, and the next command reports it once', async () => {
    const started: string[][] = [];
    await run(['try', '-f', '-', '--timeout', '60s', '--no-wait'], {
      startInBackground: async (argv) => void started.push([...argv]),
    });
    expect(started).toEqual([['guard-try', expect.stringMatching(/./)]]);
    expect(await run(started[0] ?? [])).toMatchObject({ status: 0 });
    is(BEFORE);
    const next = await run(['apply', '-f', '-'], { stdin: formatConfig(BEFORE) });
    expect(next).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('was not confirmed in time; it was rolled back'),
    });
    expect(await run(['apply', '-f', '-'], { stdin: formatConfig(BEFORE) })).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect(await run(['confirm'])).toMatchObject({
      status: 8,
      stderr: expect.stringContaining('too late'),
    });
  });

  test.each(['apply', 'try', 'rollback', 'confirm'])(
    'is rolled back by the next %s, before its own work, when no guard was left',
    async (verb) => {
      await tryIt();
      state.clock.pass(61);
      const argv = verb === 'apply' || verb === 'try' ? [verb, '-f', '-'] : [verb];
      const result = await run(argv, { stdin: formatConfig(BEFORE) });
      expect(result.stderr).toContain('was not confirmed in time; it was rolled back');
      expect(result.status).toBe(verb === 'confirm' ? 8 : 0);
      is(BEFORE);
    },
  );
});

describe('a pending try', () => {
  test.each(['apply', 'try'])(
    'makes %s exit 3 and name the commands that end the try',
    async (verb) => {
      await tryIt();
      const result = await run([verb, '-f', '-']);
      expect(result).toMatchObject({
        status: 3,
        stdout: '',
        stderr: expect.stringMatching(
          /waits to be confirmed, and is rolled back in 60 s[\s\S]*`ipvstate confirm`[\s\S]*`ipvstate rollback`/,
        ),
      });
      is(AFTER);
    },
  );

  test.each(['status', 'reload'])(
    'is named by %s, because a daemon that waits for its end answers nobody',
    async (verb) => {
      await tryIt();
      const { status, stderr } = await run([verb]);
      expect(status).toBe(69);
      expect(stderr).toMatch(
        /^ipvstate: the try of \S+ waits to be confirmed, [^\n]+\nipvstate: no daemon runs here/,
      );
      await run(['confirm']);
      expect((await run([verb])).stderr).toMatch(/^ipvstate: no daemon runs here/);
    },
  );

  test('is mentioned and left alone by commands that only read', async () => {
    await tryIt();
    expect(await run(['check', '-f', '-'])).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('waits to be confirmed'),
    });
    state.clock.pass(61);
    expect(await run(['export'])).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('was not confirmed in time and is not rolled back yet'),
    });
    is(AFTER);
  });

  test('is rolled back at once by rollback, and the waiting command exits 8', async () => {
    const waiting = run(['try', '-f', '-', '--timeout', '60s'], {
      startInBackground: async () => {
        const sleep = state.clock.sleep.bind(state.clock);
        state.clock.sleep = async (milliseconds) => {
          state.clock.sleep = sleep;
          expect(await run(['rollback'])).toMatchObject({ status: 0 });
          await sleep(milliseconds);
        };
      },
    });
    expect(await waiting).toMatchObject({
      status: 8,
      stdout: expect.stringContaining('was rejected; it was rolled back'),
    });
    is(BEFORE);
    expect(await run(['rollback'])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('nothing to roll back'),
    });
  });

  test('is rolled back at once by ^C', async () => {
    const controller = new AbortController();
    const waiting = run(['try', '-f', '-', '--timeout', '60s'], {
      signal: controller.signal,
      startInBackground: async () => {
        const sleep = state.clock.sleep.bind(state.clock);
        state.clock.sleep = async (milliseconds) => {
          controller.abort(130);
          await sleep(milliseconds);
        };
      },
    });
    expect(await waiting).toMatchObject({
      status: 8,
      stdout: expect.stringContaining('was interrupted; it was rolled back'),
    });
    is(BEFORE);
    expect(state.clock.seconds).toBeLessThan(5002);
  });

  test('stays pending when the operator declines a rollback', async () => {
    await tryIt();
    expect(await run(['rollback'], { answer: 'n' })).toMatchObject({ status: 3 });
    is(AFTER);
    expect(await run(['confirm'])).toMatchObject({ status: 0 });
  });
});

describe('the deadline of a try', () => {
  test('does not move when the wall clock jumps', async () => {
    await tryIt();
    state.clock.wall += 24 * 3600 * 1000;
    expect(await run(['apply', '-f', '-'])).toMatchObject({ status: 3 });
    is(AFTER);
    state.clock.wall -= 48 * 3600 * 1000;
    state.clock.seconds += 61;
    expect(await run(['confirm'])).toMatchObject({ status: 8 });
    is(BEFORE);
  });

  test('starts anew when the operations are done', async () => {
    boot(BEFORE, {
      beforeWave: () => {
        state.clock.pass(15);
        return [];
      },
    });
    await tryIt();
    const pending = JSON.parse(readFileSync(path('try.json'), 'utf8'));
    expect(pending.deadlineSeconds).toBe(state.clock.seconds + 60);
    expect(pending).toMatchObject({ phase: 'waiting', timeoutSeconds: 60 });
  });
});

describe('a try that fails', () => {
  test.each([['confirm'], ['rollback']])('makes %s exit 3 when no try is pending', async (verb) => {
    const result = await run([verb]);
    expect(result).toMatchObject({ status: 3, stdout: '' });
    expect(result.stderr).toMatch(/nothing is pending|nothing to roll back/);
  });

  test('ends at once when an operation fails, because apply has rolled back', async () => {
    boot(BEFORE, { refuse: (_, index) => (index === 3 ? 'EBUSY' : undefined) });
    expect(await tryIt()).toMatchObject({
      status: 5,
      stdout: expect.stringContaining('Rolled back'),
    });
    is(BEFORE);
    expect(existsSync(path('try.json'))).toBe(false);
    expect(await run(['confirm'])).toMatchObject({ status: 3 });
  });

  test('is not pending when there are no changes', async () => {
    boot(AFTER);
    expect(await tryIt()).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('No changes'),
      stderr: '',
    });
    expect(existsSync(path('try.json'))).toBe(false);
  });

  test('changes nothing when its guard cannot be started', async () => {
    const { IpvstateError } = await import('../../src/errors.ts');
    const result = await run(['try', '-f', '-'], {
      startInBackground: () => Promise.reject(new IpvstateError('UNAVAILABLE', 'no process')),
    });
    expect(result).toMatchObject({ status: 69, stderr: expect.stringContaining('no process') });
    expect(kernel.waves).toEqual([]);
    expect(existsSync(path('try.json'))).toBe(false);
  });

  test('changes nothing when there is no folder for its lock and its deadline', async () => {
    const { mkdirSync } = await import('node:fs');
    mkdirSync(join(state.runtime, '..', '..'), { recursive: true });
    writeFileSync(join(state.runtime, '..'), 'a file');
    expect(await tryIt()).toMatchObject({
      status: 74,
      stderr: expect.stringContaining('lock cannot be opened (ENOTDIR)'),
    });
    expect(kernel.waves).toEqual([]);
  });

  test('is refused for a saved table', async () => {
    expect(await tryIt('--table', 'x.yaml')).toMatchObject({ status: 64 });
  });

  test.each(['0s', 'soon', '-5s'])('is refused with a timeout of %s', async (timeout) => {
    expect(await run(['try', '-f', '-', `--timeout=${timeout}`])).toMatchObject({ status: 64 });
  });

  test('leaves an entry that another program changed alone and names it, rolls the rest back, and exits 6', async () => {
    await tryIt();
    const service = serviceOf('tcp://192.0.2.1:80');
    await kernel.execute([
      {
        kind: 'edit-destination',
        service: service.identity,
        destination: destinationOf('10.0.0.1:80', { weight: 77 }),
      },
    ]);
    state.clock.pass(61);
    const result = await run(['confirm']);
    expect(result).toMatchObject({
      status: 6,
      stderr: expect.stringMatching(
        /was not complete\n {4}changed by another program meanwhile, and left alone: tcp:\/\/192.0.2.1:80 10.0.0.1:80/,
      ),
    });
    is(
      tableOf({
        'tcp://192.0.2.1:80': {
          scheduler: 'rr',
          destinations: { '10.0.0.1:80': 77, '10.0.0.2:80': 5 },
        },
        'tcp://192.0.2.2:80': { scheduler: 'wlc', destinations: { '10.0.0.9:80': 1 } },
      }),
    );
  });

  test('is void after a reboot, and a note says so', async () => {
    await tryIt();
    kernel = openMisbehavingTable(BEFORE);
    const result = await runCli(['apply', '-f', '-'], {
      state: afterReboot(state),
      stdin: CONFIG,
      openKernel: async () => kernel,
    });
    expect(result).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(
        /the try of .* is void: the kernel's table that it changed is gone/,
      ),
    });
    is(AFTER);
  });

  test('is not used when its file is cut off at any length, and a message says so', async () => {
    await tryIt();
    const text = readFileSync(path('try.json'), 'utf8').trimEnd();
    for (let length = 0; length < text.length; length += 97) {
      writeFileSync(path('try.json'), text.slice(0, length));
      const result = await run(['confirm']);
      expect(result).toMatchObject({
        status: 3,
        stderr: expect.stringContaining('try.json is not used: it is damaged; it is now'),
      });
    }
    is(AFTER);
  });

  test('rolls nothing back when the tables in its file are damaged, and blocks only one command', async () => {
    await tryIt();
    const pending = JSON.parse(readFileSync(path('try.json'), 'utf8'));
    pending.passes[0].before = { services: [{ key: 'tcp://192.0.2.1:80', weight: 'heavy' }] };
    writeFileSync(path('try.json'), JSON.stringify(pending));
    state.clock.pass(61);
    expect(await run(['apply', '-f', '-'])).toMatchObject({
      status: 65,
      stderr: expect.stringContaining('the record of an earlier run is damaged'),
    });
    expect(await run(['apply', '-f', '-'])).toMatchObject({ status: 0 });
  });

  test('stays pending for the next command when the kernel cannot be read', async () => {
    await tryIt();
    state.clock.pass(61);
    const { IpvstateError } = await import('../../src/errors.ts');
    const gone = await run(['confirm'], {
      openKernel: () => Promise.reject(new IpvstateError('UNAVAILABLE', 'gone')),
    });
    expect(gone.status).toBe(69);
    expect(await run(['confirm'])).toMatchObject({ status: 8 });
    is(BEFORE);
  });
});

describe('a try whose process is killed', () => {
  class Killed extends Error {}

  /** Begins a try whose process is killed after a number of operations. */
  async function killedAfter(operations: number): Promise<void> {
    boot();
    let left = operations;
    const dying = {
      ...kernel,
      execute: async (wave: Parameters<MisbehavingTable['execute']>[0]) => {
        const done = wave.slice(0, left);
        left -= done.length;
        const refused = await kernel.execute(done);
        if (done.length < wave.length || left === 0) throw new Killed();
        return refused;
      },
    };
    await run(['try', '-f', '-', '--timeout', '60s'], { openKernel: async () => dying });
  }

  test('is rolled back and verified at its deadline after any number of operations', async () => {
    const { plan } = await import('../../src/plan/plan.ts');
    const total = plan(BEFORE, AFTER).waves.reduce((sum, { steps }) => sum + steps.length, 0);
    expect(total).toBeGreaterThan(7);
    for (let operations = 0; operations <= total; operations++) {
      await killedAfter(operations);
      expect(await run(['apply', '-f', '-'])).toMatchObject({
        status: 3,
        stderr: expect.stringContaining('was cut off while it was applied'),
      });
      expect(await run(['confirm'])).toMatchObject({
        status: 3,
        stderr: expect.stringContaining(
          'was cut off before all of it was applied, and cannot be confirmed',
        ),
      });
      state.clock.pass(61);
      const { status, stderr } = await run(['confirm']);
      expect({ operations, status, stderr }).toMatchObject({ operations, status: 8 });
      is(BEFORE);
    }
  });

  test('can be rolled back at once', async () => {
    await killedAfter(4);
    expect(await run(['rollback'])).toMatchObject({ status: 0 });
    is(BEFORE);
  });
});
