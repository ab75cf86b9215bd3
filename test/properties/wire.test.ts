import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { formatConfig } from '../../src/config/write/yaml.ts';
import { parseAnswer } from '../../src/daemon/control/protocol.ts';
import { isStatus } from '../../src/daemon/status/parse-status.ts';
import type { Status } from '../../src/daemon/status/status.ts';
import { formatStatus } from '../../src/daemon/status/status-text.ts';
import { encodeOperation } from '../../src/kernel/netlink/encode.ts';
import { MessageWriter } from '../../src/kernel/netlink/message-writer.ts';
import { parseAddress } from '../../src/model/address.ts';
import type { Table } from '../../src/model/table.ts';
import { plan } from '../../src/plan/plan.ts';
import { findCutOff } from '../../src/recovery/journal/cut-off.ts';
import { loadTable, storeTable } from '../../src/recovery/records/stored-table.ts';
import { DONE, LIVE, shop } from '../cli/workspace.ts';
import { statusOf } from '../daemon/statuses.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { mutate, mutations } from '../support/mutated-json.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { runCli } from '../support/run-cli.ts';
import { daemonOf, tableOf } from '../support/tables.ts';
import { type TemporaryState, temporaryState } from '../support/temporary-state.ts';

// Bytes that one version writes and another reads: any change of them gives a clear error or the
// same meaning, and never a bug.

const RICH_STATUS = statusOf({
  config: {
    ...statusOf().config,
    error: {
      since: '2026-05-04T12:00:00.000Z',
      code: 'UNKNOWN_KEY',
      message: 'no such key',
      hint: null,
      position: { file: 'a.yaml', line: 3, column: 5 },
    },
  },
  last_pass: {
    ...{ at: '2026-05-04T12:00:00.000Z', trigger: 'file', outcome: 'applied', exit_code: 0 },
    ...{ changes: 4, operations: 2, seconds: 0.01 },
  },
  waiting: {
    plan: '4f2a96c1b0de',
    since: '2026-05-04T12:00:00.000Z',
    refusals: [{ guard: 'empty', message: 'no service at all', flag: '--allow-empty' }],
    changes: ['- tcp://192.0.2.1:80'],
  },
  drains: [{ service: 'fwmark:7', destination: '10.0.0.1:80', seconds_left: 90 }],
  contested: [{ object: 'fwmark:8', reversals: 3 }],
});

describe('the answer of a daemon of another version', () => {
  const isPlain = (text: string): boolean => !/undefined|NaN|\[object/.test(text);

  test('is refused, or has all that its text shows', () =>
    holds(
      fc.property(mutations, (edits) => {
        const line = JSON.stringify(
          mutate({ ok: true, exit_code: 0, status: RICH_STATUS as unknown }, edits),
        );
        const answer = parseAnswer(line);
        if (answer?.ok && isStatus(answer.status))
          expect(isPlain(formatStatus(answer.status))).toBe(true);
      }),
      1000,
    ));

  test('would throw or print nonsense if it were believed', () =>
    isBrokenBy(
      fc.property(mutations, (edits) =>
        isPlain(formatStatus(mutate(RICH_STATUS, edits) as Status)),
      ),
    ));

  test.each([
    '',
    'null',
    '[]',
    '{}',
    '{"ok":true}',
    '{"ok":true,"exit_code":"0"}',
    '{"ok":false,"exit_code":1}',
    '{"ok":true,"exit_code":900}',
  ])('is refused when it is %s', (line) => expect(parseAnswer(line)).toBeUndefined());
});

describe('a saved plan', () => {
  async function applyMutated(change: (document: unknown) => unknown) {
    const space = shop();
    await space.run('plan -f ./shop.yaml --table ./live.save --save ./shop.plan');
    const before = JSON.parse(space.read('shop.plan')) as unknown;
    const after = change(before);
    space.write('shop.plan', JSON.stringify(after) ?? '');
    const result = await space.run('apply ./shop.plan --table ./live.save');
    return {
      ...result,
      table: space.read('live.save'),
      isSame: JSON.stringify(before) === JSON.stringify(after),
    };
  }

  test(
    'is not executed after any edit',
    () =>
      holds(
        fc.asyncProperty(mutations, async (edits) => {
          const { status, stderr, table, isSame } = await applyMutated((document) =>
            mutate(document, edits),
          );
          expect(stderr).not.toContain('this is a bug');
          expect([status, table]).toEqual(isSame ? [0, DONE] : [65, LIVE]);
        }),
        25,
      ),
    60_000,
  );

  test(
    'whose digest was made to fit an edit gives a clear error, or does the same',
    () =>
      holds(
        fc.asyncProperty(mutations, async (edits) => {
          const { status, stderr, table } = await applyMutated((document) =>
            seal(mutate(document, edits)),
          );
          expect(stderr).not.toContain('this is a bug');
          expect([0, 4, 65]).toContain(status);
          expect(table).toBe(status === 0 ? DONE : LIVE);
        }),
        25,
      ),
    60_000,
  );

  function seal(document: unknown): unknown {
    const { saved } = (document ?? {}) as { saved?: unknown };
    if (typeof saved !== 'object' || saved === null || Array.isArray(saved)) return document;
    const { digest: _digest, ...rest } = saved as { digest?: unknown };
    const text = JSON.stringify({ ...(document as object), saved: rest });
    const digest = createHash('sha256').update(text).digest('hex');
    return { ...(document as object), saved: { ...rest, digest } };
  }
});

const BEFORE = tableOf({
  'tcp://192.0.2.1:80': { scheduler: 'rr', destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 5 } },
});
const AFTER = tableOf({
  'tcp://192.0.2.1:80': { scheduler: 'wlc', destinations: { '10.0.0.1:80': 3 } },
  'tcp://192.0.2.3:80': { scheduler: 'rr', destinations: { '10.0.0.1:80': 1 } },
});

describe('a stored table of another version', () => {
  const FULL = tableOf(
    {
      'tcp://192.0.2.1:80': {
        scheduler: 'sh',
        destinations: { '10.0.0.1:80': { forward: 'tunnel', tunnelType: 'gue', tunnelPort: 6080 } },
      },
      'fwmark:7/ipv6': { persistent: true, persistenceTimeoutSeconds: 60 },
    },
    { daemons: [daemonOf('backup', { interface: 'eth1', group: parseAddress('224.0.0.80') })] },
  );
  const EMPTY = tableOf({}, { timeouts: { tcp: 1, tcpFin: 1, udp: 1 } });
  const stored = JSON.parse(JSON.stringify(storeTable(FULL))) as unknown;

  /** Tells whether every operation that makes the table can be sent to a kernel. */
  function canBeSent(table: Table): boolean {
    const writer = new MessageWriter();
    for (const { steps } of plan(EMPTY, table).waves)
      for (const { operation } of steps) encodeOperation(writer, 20, 1, operation);
    return true;
  }

  test('is refused, or can be sent to the kernel', () =>
    holds(
      fc.property(mutations, (edits) => {
        const parts = loadTable(mutate(stored, edits));
        if (parts) canBeSent({ ...EMPTY, ...parts });
      }),
      1000,
    ));
});

describe('records of another version', () => {
  let state: TemporaryState;
  beforeEach(() => {
    state = temporaryState();
  });

  /** Runs a command on the kernel of the run that left the records. */
  async function leave(verb: readonly string[]) {
    const kernel = openMisbehavingTable(BEFORE);
    const run = (argv: readonly string[]) =>
      runCli(argv, { state, stdin: formatConfig(AFTER), openKernel: async () => kernel });
    await run(verb);
    return run;
  }

  test.each([
    ['try.json', ['try', '-f', '-', '--timeout', '60s', '--no-wait'], ['rollback']],
    ['try.json', ['try', '-f', '-', '--timeout', '60s', '--no-wait'], ['confirm']],
    ['last.json', ['apply', '-f', '-'], ['rollback']],
  ] as const)(
    '%s, left by %j, never make %j fail as a bug',
    (name, verb, next) =>
      holds(
        fc.asyncProperty(mutations, async (edits) => {
          state = temporaryState();
          const run = await leave(verb);
          const path = join(state.runtime, name);
          writeFileSync(
            path,
            JSON.stringify(mutate(JSON.parse(readFileSync(path, 'utf8')), edits)) ?? '',
          );
          const { status, stderr } = await run(next);
          expect(stderr).not.toContain('this is a bug');
          expect([0, 3, 6, 8, 65]).toContain(status);
        }),
        10,
      ),
    60_000,
  );

  test('of the journal never make the next run fail as a bug', async () => {
    const run = await leave(['apply', '-f', '-']);
    const path = join(state.folders.state, 'journal.jsonl');
    const lines = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    expect(findCutOff(state.folders.state)).toBeUndefined();
    await holds(
      fc.property(mutations, (edits) => {
        writeFileSync(
          path,
          lines.map((line) => `${JSON.stringify(mutate(line, edits))}\n`).join(''),
        );
        const found = findCutOff(state.folders.state);
        if (found) expect(Number.isSafeInteger(found.answered + found.begin.operations)).toBe(true);
      }),
    );
    expect((await run(['apply', '-f', '-'])).status).toBe(0);
  });
});
