import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, test } from 'vitest';
import { changesContext } from '../../src/cli/print-plan.ts';
import { readSavedPlan, savePlan } from '../../src/cli/saved-plan/saved-plan.ts';
import { savedView } from '../../src/cli/saved-plan/saved-view.ts';
import type { DrainStore } from '../../src/model/drain.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import { NO_OVERRIDES, type OverrideStore } from '../../src/model/override.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';
import { prepare } from '../../src/reconcile/prepare.ts';
import type { ChangesContext } from '../../src/render/changes.ts';
import { PLAN_FORMATS, type PlanFormat } from '../../src/render/plan-formats.ts';
import type { PlanView } from '../../src/render/plan-text.ts';
import { colorStyle } from '../../src/render/style.ts';
import { countersOf, manages, policiesOf } from '../support/arbitrary-policy.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { tablePairs } from '../support/table-pairs.ts';
import { wholly } from '../support/tables.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipvstate-show-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FORMATS = Object.keys(PLAN_FORMATS) as PlanFormat[];

/** A desired state with policies, and a live table with connections and an override. */
const inputs = tablePairs({ mixedFamilies: false }).chain(({ live, desired }) =>
  fc.record({
    live: fc.constant(live),
    desired: fc.constant(desired),
    counters: countersOf(live),
    policy: policiesOf(desired),
    manage: fc.option(manages, { nil: undefined }),
    isOverridden: fc.boolean(),
  }),
);

type Shown = (view: PlanView, context: ChangesContext) => readonly [PlanView, ChangesContext];

const showsThePlan = (shown: Shown) =>
  fc.asyncProperty(inputs, async ({ live, desired, counters, policy, manage, isOverridden }) => {
    const table = openEmbeddedTable(live);
    const ipvs: Ipvs = {
      ...table,
      read: async (options) => ({
        ...(await table.read(options)),
        counters,
        unmanageable: [
          { service: 'tcp://192.0.2.99:80', destination: undefined, reason: 'unknown flags' },
        ],
      }),
    };
    const [first] = desired.services.keys();
    const files = wholly(desired, {
      policy: { ...policy, manage },
      names: new Map(first === undefined ? [] : [[first, 'shop']]),
      locate: () => ({ file: 'a.yaml', line: 3, column: 5 }),
    });
    const prepared = await prepare(ipvs, files, {
      drains: NO_STORED_DRAINS,
      overrides: isOverridden ? ONE_OVERRIDE : NO_OVERRIDE,
    }).catch(() => undefined);
    if (!prepared) return true;
    const context = changesContext(files, prepared, colorStyle('$'), (service, destination) =>
      isOverridden
        ? { file: 'live.save', line: destination?.length ?? service.length, column: 1 }
        : undefined,
    );
    const path = join(folder, 'a.plan');
    await savePlan(path, prepared, context, {
      sources: new Map(),
      netns: undefined,
      ignoresOverrides: false,
    });
    const saved = savedView(await readSavedPlan(path), path);
    const [view, details] = shown(saved.view, saved.context);
    return FORMATS.every(
      (format) =>
        PLAN_FORMATS[format](view, { ...details, style: colorStyle('$') }) ===
        PLAN_FORMATS[format]({ ...prepared, refusals: [] }, context),
    );
  });

const NO_STORED_DRAINS: DrainStore = {
  now: () => 0,
  read: async () => ({ drains: new Map(), policies: new Map() }),
  write: async () => {},
};
const NO_OVERRIDE: OverrideStore = {
  now: () => 0,
  // A saved plan has the wall clock.
  date: () => new Date(),
  read: async () => NO_OVERRIDES,
  write: async () => {},
};
const ONE_OVERRIDE: OverrideStore = {
  ...NO_OVERRIDE,
  read: async () => ({
    overrides: [
      {
        service: null,
        destination: '10.0.0.1',
        weight: 0,
        by: 'alice',
        reason: 'kernel upgrade',
        since: '2026-05-04T12:00:00.000Z',
        endSeconds: 3600,
      },
    ],
    held: new Map(),
  }),
};

describe('show', () => {
  test(
    'prints a saved plan exactly as plan did, in every format',
    () => holds(showsThePlan((view, context) => [view, context])),
    120_000,
  );

  test('would not without the connections of the plan', () =>
    isBrokenBy(showsThePlan((view, context) => [view, { ...context, counters: new Map() }])));

  test('would not without what no file can express', () =>
    isBrokenBy(
      showsThePlan((view, context) => [
        { ...view, snapshot: { ...view.snapshot, unmanageable: [] } },
        context,
      ]),
    ));
});
