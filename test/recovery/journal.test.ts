import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import { beforeEach, describe, expect, test } from 'vitest';
import schema from '../../schemas/journal.schema.json' with { type: 'json' };
import { IpvstateError } from '../../src/errors.ts';
import type { Table } from '../../src/model/table.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { closeCutOff, findCutOff } from '../../src/recovery/journal/cut-off.ts';
import { Journal } from '../../src/recovery/journal/journal.ts';
import type { JournalLine, RunStart } from '../../src/recovery/journal/journal-lines.ts';
import { journaled } from '../../src/recovery/journal/journaled.ts';
import { type Misbehaviour, openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { DAEMONS, EVERY_WAVE, EVERYTHING_ALLOWED, wants } from '../support/scenarios.ts';
import { tableOf } from '../support/tables.ts';
import { type TemporaryState, temporaryState } from '../support/temporary-state.ts';

const START: RunStart = {
  verb: 'apply',
  trigger: 'command',
  files: [{ path: 'a.yaml', sha256: '0'.repeat(64) }],
  changes: 3,
  operations: 4,
};
const isLine = new Ajv({
  strict: true,
  allowUnionTypes: true,
  formats: { 'date-time': true },
}).compile(schema);

let state: TemporaryState;
let said: string[];
const warn = (message: string): void => void said.push(message);
beforeEach(() => {
  state = temporaryState();
  said = [];
});

function lines(name = 'journal.jsonl'): JournalLine[] {
  const texts = readFileSync(join(state.folders.state, name), 'utf8').split('\n').filter(Boolean);
  return texts.map((text) => JSON.parse(text) as JournalLine);
}

async function journalOf(
  before: Table,
  after: Table,
  misbehaviour: Misbehaviour = {},
): Promise<JournalLine[]> {
  const journal = new Journal(state, 'r1', warn);
  const report = await reconcile(
    journaled(openMisbehavingTable(before, misbehaviour), journal),
    wants(after),
    {
      allowances: EVERYTHING_ALLOWED,
      confirm: async () => {
        journal.begin(START);
        return true;
      },
    },
  );
  journal.end(report.outcome, 0);
  return lines();
}

describe('the lines of a journal', () => {
  test.each([
    ['every wave', EVERY_WAVE, {}],
    ['daemons and timeouts', DAEMONS, {}],
    [
      'refusals',
      EVERY_WAVE,
      { refuse: (_: unknown, index: number) => (index === 3 ? ('EBUSY' as const) : undefined) },
    ],
    ['lost answers', EVERY_WAVE, { lose: (wave: number) => (wave === 1 ? 1 : undefined) }],
  ])('follow the schema for %s', async (_, { live, desired }, misbehaviour) => {
    const written = await journalOf(live, desired, misbehaviour);
    expect(written.length).toBeGreaterThan(4);
    for (const line of written)
      expect({ line, valid: isLine(line), errors: isLine.errors }).toMatchObject({ valid: true });
    expect(written.at(0)).toMatchObject({
      type: 'begin',
      pid: process.pid,
      verb: 'apply',
      operations: 4,
    });
    expect(written.at(-1)).toMatchObject({ type: 'end', exit_code: 0 });
  });

  test('have the settings that an operation changes, and no others', async () => {
    const before = tableOf({
      'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } },
    });
    const after = tableOf({
      'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 5, '10.0.0.3:80': 1 } },
    });
    const operations = (await journalOf(before, after)).flatMap((line) =>
      line.type === 'wave' ? line.operations : [],
    );
    expect(operations).toContainEqual({
      operation: 'edit-destination tcp://192.0.2.1:80 10.0.0.1:80',
      before: { weight: 1 },
      after: { weight: 5 },
      unchanged: {},
    });
    expect(operations).toContainEqual({
      operation: 'add-destination tcp://192.0.2.1:80 10.0.0.3:80',
      after: expect.objectContaining({ weight: 1, forward: 'route' }),
    });
    expect(operations).toContainEqual({
      operation: 'delete-destination tcp://192.0.2.1:80 10.0.0.2:80',
      before: expect.objectContaining({ weight: 1 }),
    });
  });

  test('number the refused operations, and tell lost answers from refusals', async () => {
    const refused = await journalOf(EVERY_WAVE.live, EVERY_WAVE.desired, {
      refuse: (_, index) => (index === 1 ? 'EBUSY' : undefined),
    });
    expect(refused).toContainEqual(
      expect.objectContaining({ type: 'outcomes', refused: [{ operation: 2, errno: 'EBUSY' }] }),
    );
    state = temporaryState();
    const lost = await journalOf(EVERY_WAVE.live, EVERY_WAVE.desired, {
      lose: (wave) => (wave === 0 ? 0 : undefined),
    });
    expect(lost).toContainEqual(
      expect.objectContaining({ type: 'outcomes', done: 0, lost: 'no reply came within 5 s' }),
    );
  });

  test('are written before the wave is sent', async () => {
    const journal = new Journal(state, 'r1', warn);
    journal.begin(START);
    const inner = openMisbehavingTable(EVERY_WAVE.live);
    const ipvs = journaled(
      {
        ...inner,
        execute: () => Promise.reject(new IpvstateError('LOST', `${lines().at(-1)?.type}`)),
      },
      journal,
    );
    await expect(ipvs.execute([{ kind: 'zero', service: undefined }])).rejects.toThrow('wave');
  });

  test('can be read by their owner alone', () => {
    new Journal(state, 'r1', warn).begin(START);
    expect(statSync(join(state.folders.state, 'journal.jsonl')).mode & 0o777).toBe(0o600);
  });

  test('are not written for a run that writes nothing to the kernel', () => {
    const journal = new Journal(state, 'r1', warn);
    journal.end('in-sync', 0);
    expect(existsSync(state.folders.state)).toBe(false);
  });
});

describe('the files of a journal', () => {
  test('are rotated by size, and the oldest are deleted', () => {
    for (let run = 0; run < 40; run++) {
      const journal = new Journal(state, `r${run}`, warn, { maxBytes: 1000, maxFiles: 3 });
      journal.begin(START);
      journal.end('applied', 0);
    }
    expect(readdirSync(state.folders.state).sort()).toEqual([
      'journal.1.jsonl',
      'journal.2.jsonl',
      'journal.jsonl',
    ]);
    for (const name of readdirSync(state.folders.state))
      expect(statSync(join(state.folders.state, name)).size).toBeLessThan(1500);
    const runs = ['journal.2.jsonl', 'journal.1.jsonl', 'journal.jsonl'].flatMap((name) =>
      lines(name).map(({ run }) => Number(run.slice(1))),
    );
    expect(runs).toEqual([...runs].sort((a, b) => a - b));
    expect(runs.at(-1)).toBe(39);
  });

  test('are continued on a new line after half a line', () => {
    mkdirSync(state.folders.state, { recursive: true });
    writeFileSync(join(state.folders.state, 'journal.jsonl'), '{"type":"wave","ru');
    new Journal(state, 'r1', warn).begin(START);
    const [half, whole] = readFileSync(join(state.folders.state, 'journal.jsonl'), 'utf8').split(
      '\n',
    );
    expect(half).toBe('{"type":"wave","ru');
    expect(JSON.parse(whole ?? '')).toMatchObject({ type: 'begin', run: 'r1' });
  });

  test('lead to one warning and stop no operation when they cannot be written', async () => {
    mkdirSync(dirname(dirname(state.folders.state)), { recursive: true });
    writeFileSync(dirname(state.folders.state), 'a file where the folder should be');
    const journal = new Journal(state, 'r1', warn);
    journal.begin(START);
    const table = openMisbehavingTable(EVERY_WAVE.live);
    await journaled(table, journal).execute([
      { kind: 'set-timeouts', timeouts: { tcp: 60, tcpFin: 0, udp: 0 } },
    ]);
    journal.end('applied', 0);
    expect(table.table().timeouts.tcp).toBe(60);
    expect(said).toEqual([
      expect.stringMatching(/cannot be written \((?:ENOTDIR|EEXIST)\): this run is not recorded/),
    ]);
  });
});

describe('a run without an end', () => {
  function cutOff(answered: number): void {
    const journal = new Journal(state, 'r1', warn);
    journal.begin(START);
    journal.write({ type: 'wave', first: 1, operations: [{ operation: 'zero' }] });
    if (answered > 0)
      journal.write({
        type: 'outcomes',
        first: 1,
        done: answered - 1,
        refused: [{ operation: 1, errno: 'EBUSY' }],
      });
  }

  test.each([0, 3])('is found with the number of answered operations: %i', (answered) => {
    cutOff(answered);
    expect(findCutOff(state.folders.state)).toMatchObject({
      answered,
      begin: { run: 'r1', pid: process.pid, operations: 4 },
    });
  });

  test('is not found again after it was closed', () => {
    cutOff(1);
    const found = findCutOff(state.folders.state);
    expect(found).toBeDefined();
    if (found) closeCutOff(state, found);
    expect(findCutOff(state.folders.state)).toBeUndefined();
    expect(lines().at(-1)).toMatchObject({ type: 'end', outcome: 'cut-off' });
    expect(isLine(lines().at(-1))).toBe(true);
  });

  test('is found behind half a line, and when its beginning was rotated away', () => {
    const journal = new Journal(state, 'r1', warn, { maxBytes: 200, maxFiles: 5 });
    journal.begin(START);
    for (let first = 1; first < 4; first++)
      journal.write({ type: 'outcomes', first, done: 1, refused: [] });
    expect(readdirSync(state.folders.state).length).toBeGreaterThan(1);
    appendFileSync(join(state.folders.state, 'journal.jsonl'), '{"type":"wave","run":"r1"');
    expect(findCutOff(state.folders.state)).toMatchObject({ answered: 3, begin: { run: 'r1' } });
  });

  test('is found when an earlier version wrote the trigger `confirm`', () => {
    cutOff(1);
    const [begin, ...rest] = lines();
    const old = { ...begin, trigger: 'confirm' };
    writeFileSync(
      join(state.folders.state, 'journal.jsonl'),
      [old, ...rest].map((line) => `${JSON.stringify(line)}\n`).join(''),
    );
    expect(findCutOff(state.folders.state)).toMatchObject({
      answered: 1,
      begin: { run: 'r1', trigger: 'confirm' },
    });
    expect(isLine(old)).toBe(true);
  });

  test('is not found when it ended, however long the line before is', () => {
    const journal = new Journal(state, 'r1', warn);
    journal.begin(START);
    journal.write({ type: 'outcomes', first: 1, done: 0, refused: [], lost: 'x'.repeat(10_000) });
    expect(findCutOff(state.folders.state)).toBeDefined();
    journal.end('partial', 6);
    expect(findCutOff(state.folders.state)).toBeUndefined();
  });

  test.each([
    '',
    'no JSON at all',
    '{"type":"begin","version":2,"run":"r","time":"t"}',
    '[]',
    'null',
    '{"type":"outcomes","run":"r","time":"t"}',
  ])('is not found in a file with the text %j', (text) => {
    mkdirSync(state.folders.state, { recursive: true });
    writeFileSync(join(state.folders.state, 'journal.jsonl'), `${text}\n`);
    expect(findCutOff(state.folders.state)).toBeUndefined();
  });
});
