import { describe, expect, it } from 'vitest';
import { openOverrideStore } from '../../src/recovery/records/overrides.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { keyOf, tableOf } from '../support/tables.ts';
import { temporaryState } from '../support/temporary-state.ts';
import { shop } from './workspace.ts';

const FORGED = 'x\nipvstate: all is well';
const LONG = 'y'.repeat(10_000);

/** Command lines that a message repeats a word of. W is the word. */
const LINES: readonly (readonly string[])[] = [
  ['W'],
  ['help', 'W'],
  ['plan', '-f', 'W'],
  ['plan', '--max-service-deletes', 'W'],
  ['plan', '--max-service-deletes=W'],
  ['plan', '-f', './shop.yaml', '--table', 'W'],
  ['plan', '-f', './shop.yaml', '--table', './live.save', '--only', 'W'],
  ['diff', 'W', './shop.yaml'],
  ['explain', 'W', '-f', './shop.yaml', '--table', './live.save'],
  ['history', 'show', 'W'],
  ['rollback', '--to', 'W'],
  ['drain', 'W', '-f', './shop.yaml'],
  ['drain', 'shop', 'W', '-f', './shop.yaml'],
  ['drain', 'shop', '--for', 'W'],
  ['drain', 'shop', '--reason', 'W'],
  ['weight', 'shop', '10.1.0.11', 'W', '-f', './shop.yaml'],
  ['status', '--control-socket', 'W'],
];

describe.each(LINES)('ipvstate %s %s %s %s', (...line) => {
  const run = (word: string, ...more: string[]) => {
    const argv = [...line, ...more].map((each) => each.replace('W', () => word));
    const openKernel = async () => openMisbehavingTable(tableOf({}));
    return shop().run(argv, { openKernel });
  };

  it('cannot be made to print a line that the caller chose', async () => {
    const { status, stdout, stderr } = await run(FORGED);
    expect(status).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr.split('\n')).not.toContain('ipvstate: all is well');
    expect(stderr).toContain('x\\u000aipvstate: all is well');
  });

  it('does not repeat a long word whole, in text and JSON', async () => {
    const { stderr } = await run(LONG);
    expect(stderr).toContain(`${'y'.repeat(200)}…`);
    expect(stderr).not.toContain('y'.repeat(201));
    const { stdout } = await run(LONG, '-o', 'json');
    expect(stdout).not.toContain('y'.repeat(201));
  });
});

it.each([
  'overrides',
  'plan -f ./shop.yaml',
  'drain shop 10.1.0.11 -f ./shop.yaml --allow-unserved',
  'undrain shop -f ./shop.yaml',
  'explain shop -f ./shop.yaml',
])('a stored reason with a line break stays in its line: %s', async (line) => {
  const state = temporaryState();
  await openOverrideStore(state, expect.unreachable).write({
    overrides: [
      {
        ...{ service: keyOf('tcp://192.0.2.10:443'), destination: '10.1.0.11:443', weight: 0 },
        ...{ by: 'eve\nall is well', reason: 'disk\nall is well', since: '2026-05-04T12:00:00Z' },
      },
    ],
    held: new Map(),
  });
  const table = tableOf({ 'tcp://192.0.2.10:443': { destinations: { '10.1.0.11:443': 1 } } });
  const openKernel = async () => openMisbehavingTable(table);
  const { stdout, stderr } = await shop().run(line, { state, openKernel });
  expect(stdout + stderr).toContain('disk\\u000aall is well');
  expect(stdout + stderr).toContain('eve\\u000aall is well');
  expect(stdout + stderr).not.toMatch(/^all is well/m);
});
