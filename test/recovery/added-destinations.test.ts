import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import schema from '../../schemas/journal.schema.json' with { type: 'json' };
import type { Operation } from '../../src/model/operation.ts';
import type { Table } from '../../src/model/table.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { expandAdds } from '../../src/recovery/journal/added-destinations.ts';
import { Journal } from '../../src/recovery/journal/journal.ts';
import type { JournalOperation } from '../../src/recovery/journal/journal-lines.ts';
import {
  journalOperation,
  journalOperations,
} from '../../src/recovery/journal/journal-operation.ts';
import { journaled } from '../../src/recovery/journal/journaled.ts';
import { parseLine } from '../../src/recovery/journal/parse-line.ts';
import { journalParts, operationsOf } from '../../src/recovery/journal/runs.ts';
import { wayBeforeRun } from '../../src/recovery/journal/way-back.ts';
import { executeRollback } from '../../src/recovery/roll-back.ts';
import { destinationArbitrary, serviceEntryArbitrary } from '../support/arbitrary-table.ts';
import { type Misbehaviour, openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { isSameTable } from '../support/plan-runs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { EVERYTHING_ALLOWED, wants } from '../support/scenarios.ts';
import { tableOf } from '../support/tables.ts';
import { temporaryState } from '../support/temporary-state.ts';

/** Adds of services, each with about as many destinations as share an entry. */
const waves = fc
  .array(
    serviceEntryArbitrary().chain(({ service }) =>
      fc
        .array(destinationArbitrary(service.identity), { minLength: 12, maxLength: 20 })
        .map((destinations) => ({ service, destinations })),
    ),
    { maxLength: 3 },
  )
  .map((entries) =>
    entries.flatMap(({ service, destinations }): Operation[] => [
      { kind: 'add-service', service },
      ...destinations.map(
        (destination): Operation => ({
          kind: 'add-destination',
          service: service.identity,
          destination,
        }),
      ),
    ]),
  );

type Reader = (entry: JournalOperation) => readonly JournalOperation[];

/** Holds when a reader finds each operation as if it had an entry of its own. */
const isReadBack = (reader: Reader) =>
  fc.asyncProperty(waves, async (wave) => {
    const stored = JSON.parse(JSON.stringify(journalOperations(wave, undefined)));
    const one = wave.map((operation) => journalOperation(operation, undefined));
    return JSON.stringify(stored.flatMap(reader)) === JSON.stringify(one);
  });

test('adds that share an entry are read as if each had its own', async () => {
  await holds(isReadBack(expandAdds), 60);
  const withoutDefaults: Reader = (entry) =>
    entry.added?.map(({ key, ...after }) => ({
      operation: `${entry.operation.replace('destinations', 'destination')} ${key}`,
      after,
    })) ?? [entry];
  await isBrokenBy(isReadBack(withoutDefaults));
});

describe('a run that adds many destinations to a service', () => {
  const address = (index: number): string => `10.0.0.${index}:80`;
  const many = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [address(index), index]),
  );
  const live = tableOf({ 'tcp://192.0.2.1:80': { destinations: { '10.0.1.1:80': 1 } } });
  const desired = tableOf({
    'tcp://192.0.2.1:80': { destinations: { '10.0.1.1:80': 1, ...many } },
  });

  async function run(misbehaviour: Misbehaviour = {}): Promise<{
    readonly state: ReturnType<typeof temporaryState>;
    readonly table: Table;
    readonly lines: readonly string[];
  }> {
    const state = temporaryState();
    const kernel = openMisbehavingTable(live, misbehaviour);
    const journal = new Journal(state, 'r1', () => {});
    const report = await reconcile(journaled(kernel, journal), wants(desired), {
      allowances: EVERYTHING_ALLOWED,
      onError: 'stop',
      confirm: async ({ plan }) => {
        journal.beginPlan({ verb: 'apply', trigger: 'command', files: [] }, plan);
        return true;
      },
    });
    journal.end(report.outcome, 0);
    const text = readFileSync(join(state.folders.state, 'journal.jsonl'), 'utf8');
    return { state, table: kernel.table(), lines: text.split('\n').filter(Boolean) };
  }

  test('has one entry, which follows the schema', async () => {
    const { lines } = await run();
    const ajv = new Ajv({ strict: true, allowUnionTypes: true, formats: { 'date-time': true } });
    const isValid = ajv.compile(schema);
    for (const line of lines) {
      isValid(JSON.parse(line));
      expect(isValid.errors).toBeNull();
      expect(parseLine(line)).toBeDefined();
    }
    expect(lines.map((line) => JSON.parse(line)).find(({ type }) => type === 'wave')).toMatchObject(
      {
        operations: [
          {
            operation: 'add-destinations tcp://192.0.2.1:80',
            added: expect.arrayContaining([{ key: '10.0.0.7:80', weight: 7 }]),
          },
        ],
      },
    );
  });

  test('numbers its operations, and knows which of them was refused', async () => {
    const { state } = await run({ refuse: (_, index) => (index === 7 ? 'EBUSY' : undefined) });
    const [part] = journalParts(state.folders.state);
    const operations = part?.kind === 'run' ? operationsOf(part.run) : [];
    expect(operations).toHaveLength(40);
    expect(operations.filter(({ result }) => result !== 'done')).toEqual([
      {
        ...{ number: 8, operation: `add-destination tcp://192.0.2.1:80 ${address(7)}` },
        ...{ after: expect.objectContaining({ weight: 7, forward: 'route' }) },
        ...{ result: 'refused', errno: 'EBUSY' },
      },
    ]);
  });

  test('is rolled back by the journal alone', async () => {
    const { state, table } = await run({
      refuse: (_, index) => (index === 7 ? 'EBUSY' : undefined),
    });
    const kernel = openMisbehavingTable(table);
    expect(await executeRollback(kernel, wayBeforeRun(state, 'r1'))).toMatchObject({
      contested: [],
    });
    expect(isSameTable(kernel.table(), live)).toBe(true);
  });

  test.each([
    ['a destination without a key', { weight: 7 }],
    ['a setting that is a list', { key: '10.0.0.1:80', weight: [7] }],
    ['no object', 7],
  ])('is damaged when its entry has %s', (_, added) => {
    const line = {
      ...{ type: 'wave', run: 'r1', time: '2026-05-04T12:00:00.000Z', first: 1 },
      operations: [{ operation: 'add-destinations tcp://192.0.2.1:80', added: [added] }],
    };
    expect(parseLine(JSON.stringify(line))).toBeUndefined();
  });
});
