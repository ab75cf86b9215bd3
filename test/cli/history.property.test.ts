import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'vitest';
import { changesOf } from '../../src/cli/history/run-changes.ts';
import type { Table } from '../../src/model/table.ts';
import { diff } from '../../src/plan/diff.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { Journal } from '../../src/recovery/journal/journal.ts';
import { journaled } from '../../src/recovery/journal/journaled.ts';
import { type JournaledRun, journalParts } from '../../src/recovery/journal/runs.ts';
import type { State } from '../../src/recovery/state.ts';
import { formatChanges } from '../../src/render/changes.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { mutate, mutations } from '../support/mutated-json.ts';
import { isSameTable } from '../support/plan-runs.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { runCli } from '../support/run-cli.ts';
import { EVERYTHING_ALLOWED, wants } from '../support/scenarios.ts';
import { tablePairs } from '../support/table-pairs.ts';
import { ManualClock } from '../support/temporary-state.ts';

/** Gives `use` the state of a machine whose journal has one run. */
async function withRun<T>(
  live: Table,
  desired: Table,
  use: (state: State, kernel: ReturnType<typeof openMisbehavingTable>) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-history-'));
  const state: State = {
    folders: { runtime: join(folder, 'run'), state: folder },
    life: { boot: 'boot', netns: '1' },
    caller: { uid: 0, command: ['ipvstate', 'apply'] },
    clock: new ManualClock(),
    lockPath: join(folder, 'run', 'lock'),
  };
  try {
    const kernel = openMisbehavingTable(live);
    const journal = new Journal(state, 'r1', () => {});
    const report = await reconcile(journaled(kernel, journal), wants(desired), {
      allowances: EVERYTHING_ALLOWED,
      confirm: async ({ plan }) => {
        const start = { verb: 'apply', trigger: 'command', files: [] } as const;
        journal.beginPlan(start, plan);
        return true;
      },
    });
    journal.end(report.outcome, 0);
    return await use(state, kernel);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Shower = (run: JournaledRun) => ReturnType<typeof changesOf>;

/** Holds when the run that is shown has exactly the changes of its plan. */
const showsThePlan = (shower: Shower) =>
  fc.asyncProperty(tablePairs({ mixedFamilies: false }), ({ live, desired }) =>
    withRun(live, desired, async ({ folders }, kernel) => {
      const context = { counters: new Map() };
      const planned = formatChanges(diff(live, kernel.table()), context);
      const shown = [...journalParts(folders.state)].flatMap((part) =>
        part.kind === 'run' ? formatChanges(shower(part.run) ?? [], context) : [],
      );
      // The destinations of a deleted service have the order of the kernel, which means nothing.
      const sorted = (text: string): string => text.split('\n').sort().join('\n');
      return sorted(shown.join('')) === sorted(planned);
    }),
  );

test('history show has exactly the changes of the plan', async () => {
  await holds(showsThePlan(changesOf), 60);
  const lastWaveOnly: Shower = (run) => changesOf({ ...run, waves: run.waves.slice(-1) });
  await isBrokenBy(showsThePlan(lastWaveOnly));
});

/** Damages by an editor, a bad disk or another version. */
const damages = fc.oneof(
  fc.record({ kind: fc.constant('edit' as const), line: fc.nat(), edits: mutations }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('insert' as const), line: fc.nat(), text: fc.string() }),
);

function damaged(text: string, damage: typeof damages extends fc.Arbitrary<infer T> ? T : never) {
  if (damage.kind === 'cut') return text.slice(0, damage.at % text.length);
  const lines = text.trimEnd().split('\n');
  const at = damage.line % lines.length;
  if (damage.kind === 'insert') lines.splice(at, 0, damage.text);
  else lines[at] = JSON.stringify(mutate(JSON.parse(lines[at] ?? ''), damage.edits));
  return `${lines.join('\n')}\n`;
}

test('a damaged journal leads to no bug, and shows what is left of it', () =>
  holds(
    fc.asyncProperty(tablePairs({ mixedFamilies: false }), damages, ({ live, desired }, damage) =>
      withRun(live, desired, async (state, kernel) => {
        const path = join(state.folders.state, 'journal.jsonl');
        let text = '';
        try {
          text = readFileSync(path, 'utf8');
        } catch {
          // A run that changes nothing has no journal.
          return true;
        }
        writeFileSync(path, damaged(text, damage));
        const options = { state, openKernel: async () => kernel };
        const run = async (line: string) => (await runCli(line.split(' '), options)).status;
        const before = kernel.table();
        const shown = [
          await run('history --operations'),
          await run('history -o json --operations'),
          await run('history show r1'),
          await run('history show r1 -o json'),
          await run('rollback --dry-run --to r1'),
        ];
        const isAsBefore = isSameTable(kernel.table(), before);
        const isExpected = shown.every((status) => [0, 3, 64].includes(status));
        return isAsBefore && isExpected && (await run('rollback --to r1 --yes')) !== 1;
      }),
    ),
    30,
  ));
