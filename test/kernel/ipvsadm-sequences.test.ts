import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OPTIONS } from '../../src/formats/ipvsadm/grammar/options.ts';
import { formatOperationAsIpvsadm } from '../../src/formats/ipvsadm/lines.ts';
import { formatSave } from '../../src/formats/ipvsadm/save.ts';
import { parseScript } from '../../src/formats/ipvsadm/script.ts';
import type { Operation } from '../../src/model/operation.ts';
import { saveableEntries, saveableTables } from '../support/saveable-tables.ts';
import { useHarness, words } from './ipvsadm/harness.ts';

const harness = useHarness();

/** Operations on few services and servers: many meet an existing entry or a missing one. */
const operations: fc.Arbitrary<Operation[]> = fc
  .array(saveableEntries, { minLength: 1, maxLength: 2 })
  .chain((entries) => {
    const possible = entries.flatMap(({ service, destinations }): Operation[] => [
      { kind: 'add-service', service },
      { kind: 'add-service', service },
      { kind: 'edit-service', service: { ...service, scheduler: 'wrr', schedulerFlags: 0 } },
      { kind: 'delete-service', service: service.identity },
      { kind: 'zero', service: service.identity },
      ...[...destinations.values()].flatMap((destination): Operation[] => [
        { kind: 'add-destination', service: service.identity, destination },
        { kind: 'add-destination', service: service.identity, destination },
        {
          kind: 'edit-destination',
          service: service.identity,
          destination: { ...destination, weight: 77 },
        },
        { kind: 'delete-destination', service: service.identity, destination },
      ]),
    ]);
    const first = entries.map(({ service }): Operation => ({ kind: 'add-service', service }));
    return fc
      .array(fc.constantFrom(...possible), { minLength: 3, maxLength: 8 })
      .map((rest) => [...first, ...rest]);
  });

/**
 * The same options in other spellings: long or short, with the value after a blank, an equals sign
 * or nothing.
 */
function respell(argv: readonly string[], choices: readonly number[]): string[] {
  const spelled: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    const option = OPTIONS.find(({ short, long }) => word === `-${short}` || word === `--${long}`);
    const choice = choices[at % choices.length] ?? 0;
    if (!option || option.value.kind === 'flag') {
      spelled.push(option && choice % 2 === 1 ? `--${option.long}` : word);
      continue;
    }
    const value = argv[++at] ?? '';
    const short = option.short === undefined ? undefined : `-${option.short}`;
    const spellings = [
      [`--${option.long}`, value],
      [`--${option.long}=${value}`],
      ...(short ? [[short, value], [short + value], [`${short}=${value}`]] : []),
    ];
    spelled.push(...(spellings[choice % spellings.length] ?? []));
  }
  return spelled;
}

const sequences = fc
  .tuple(operations, fc.array(fc.nat(100), { minLength: 7, maxLength: 7 }))
  .map(([list, choices]) =>
    list.map((operation) => {
      const [, command = '', ...rest] = words(formatOperationAsIpvsadm(operation));
      return [command, ...respell(rest, choices)];
    }),
  );

/** The lines of a sequence that are a valid script, and the table of that script. */
function readable(
  sequence: readonly (readonly string[])[],
): { text: string; saved: string } | undefined {
  const lines = sequence.map((argv) => argv.join(' ')).filter((line) => !line.startsWith('-Z'));
  const bad = new Set(
    parseScript(lines.join('\n'), 'sequence').issues.map(({ position }) => position.line),
  );
  const text = lines.map((line, index) => (bad.has(index + 1) ? '' : line)).join('\n');
  const { desired } = parseScript(text, 'sequence');
  return desired && { text, saved: formatSave(desired) };
}

const property = fc.asyncProperty(sequences, async (sequence) => {
  const { real, ours } = await harness().comparison.runSequence(sequence);
  expect(ours.runs.map((run, index) => ({ argv: sequence[index], ...run }))).toEqual(
    real.runs.map((run, index) => ({ argv: sequence[index], ...run })),
  );
  expect(ours.saved).toBe(real.saved);
  expect(ours.table).toBe(real.table);
});

test('known sequences of commands have the same effects as in ipvsadm', () =>
  fc.assert(property, { seed: 42, numRuns: 12, endOnFailure: true }));

test('random sequences of commands have the same effects as in ipvsadm', () =>
  fc.assert(property, { numRuns: 12, endOnFailure: true }));

test('a script is read as the table that ipvsadm makes of it', async () => {
  let compared = 0;
  const readings = fc.asyncProperty(sequences, async (sequence) => {
    const reading = readable(sequence);
    if (!reading) return;
    compared++;
    expect(await harness().comparison.restoreByReal(reading.text)).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
      saved: reading.saved,
    });
  });
  await fc.assert(readings, { seed: 7, numRuns: 20 });
  await fc.assert(readings, { numRuns: 20 });
  expect(compared).toBeGreaterThan(20);
});

const FORMATS = ['-L -n', '-L -n --thresholds', '-L -n --tun-info', '-L --nosort', '-S -n'];

test('random tables are listed and saved as by ipvsadm', async () => {
  const listings = fc.asyncProperty(saveableTables, async (table) => {
    for (const format of FORMATS)
      await harness().same({ argv: words(format), setup: formatSave(table) });
  });
  await fc.assert(listings, { seed: 11, numRuns: 6 });
  await fc.assert(listings, { numRuns: 6 });
});
