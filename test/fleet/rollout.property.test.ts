import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayTake, type Rollout, rolloutState } from '../../src/fleet/rollout.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { RolloutWorld, RULE, type Rule, type Step } from './rollout-world.ts';

const NAMES = ['lb1', 'lb2', 'lb3', 'lb4', 'lb5', 'lb6'];

/** A rollout over some of the nodes; the others are in the last wave. */
const rollouts: fc.Arbitrary<Rollout> = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 3 }),
    soak_seconds: fc.constantFrom(0, 60),
    max_failed: fc.constantFrom(0, 0, 1, 2),
  })
  .map(({ sizes, ...limits }) => {
    const left = [...NAMES];
    return { generation: 2, base: null, waves: sizes.map((n) => left.splice(0, n)), ...limits };
  });

const node = fc.nat({ max: NAMES.length - 1 });
const look = fc.record({
  kind: fc.constant('look' as const),
  node,
  age: fc.constantFrom(0, 0, 1, 3, 10),
});
const passing = fc.record({
  kind: fc.constant('pass' as const),
  seconds: fc.constantFrom(1, 30, 61),
});
const verdict = fc.record({
  kind: fc.constant('verdict' as const),
  node,
  verdict: fc.constantFrom('good' as const, 'pending' as const, 'bad' as const),
});
const event = fc.record({
  kind: fc.constantFrom('crash', 'start', 'stop', 'lose', 'reach', 'forget'),
  node,
}) as fc.Arbitrary<Step>;
const operator = fc.record({ kind: fc.constantFrom('halt' as const, 'resume' as const) });

/** A node that is forgotten while it is away, and comes back. */
const comeback = node.map((each): readonly Step[] => [
  { kind: 'crash', node: each },
  { kind: 'forget', node: each },
  { kind: 'start', node: each },
]);

/** A node that is away while no other one looks. */
const outage = fc
  .tuple(node, fc.constantFrom(['crash', 'start'] as const, ['lose', 'reach'] as const))
  .map(([each, kinds]): readonly Step[] => kinds.map((kind) => ({ kind, node: each })));

const steps: fc.Arbitrary<readonly Step[]> = fc
  .array(
    fc.oneof(
      { arbitrary: look, weight: 12 },
      { arbitrary: passing, weight: 5 },
      { arbitrary: verdict, weight: 2 },
      { arbitrary: event, weight: 3 },
      { arbitrary: operator, weight: 1 },
      { arbitrary: comeback, weight: 1 },
      { arbitrary: outage, weight: 1 },
    ),
    { maxLength: 80 },
  )
  .map((taken) => taken.flat());

function brokenBy(rule: Rule, rollout: Rollout, taken: readonly Step[]): readonly string[] {
  const world = new RolloutWorld(rule, rollout, NAMES);
  for (const step of taken) world.run(step);
  return world.broken;
}

/** The promise: waves in their order, and none while it is halted. */
const keepsOrder = (rule: Rule) =>
  fc.property(rollouts, steps, (rollout, taken) => {
    expect(brokenBy(rule, rollout, taken)).toEqual([]);
  });

describe('a rollout, with crashes, partitions, stale reads and operators', () => {
  it('never reaches a wave before the waves before it, and never while it is halted', () => {
    return holds(keepsOrder(RULE));
  });

  it('reaches every node in the end, once it is resumed and all nodes are well', () => {
    const property = fc.property(rollouts, steps, (rollout, taken) => {
      const world = new RolloutWorld(RULE, rollout, NAMES);
      for (const step of taken) world.run(step);
      for (const index of NAMES.keys()) {
        world.run({ kind: 'verdict', node: index, verdict: 'good' });
        world.run({ kind: 'start', node: index });
        world.run({ kind: 'reach', node: index });
      }
      world.run({ kind: 'resume' });
      world.settle(2 * NAMES.length);
      expect(world.takers).toEqual(NAMES);
      expect([world.state.isDone, world.state.halt]).toEqual([true, undefined]);
    });
    return holds(property, 150);
  });

  it('stays halted when the failed node recovers, until it is resumed', () => {
    const property = fc.property(rollouts, steps, (rollout, taken) => {
      const world = new RolloutWorld(RULE, rollout, NAMES);
      for (const step of taken) world.run(step);
      world.run({ kind: 'halt' });
      const { takers } = world;
      for (const index of NAMES.keys()) {
        world.run({ kind: 'verdict', node: index, verdict: 'good' });
        world.run({ kind: 'start', node: index });
        world.run({ kind: 'reach', node: index });
      }
      world.settle(2 * NAMES.length);
      expect(world.takers).toEqual(takers);
      expect(world.state.halt).toBeDefined();
    });
    return holds(property, 150);
  });

  const broken: readonly (readonly [string, Rule])[] = [
    [
      'that ignores halts',
      { ...RULE, mayTake: (state, name) => mayTake({ ...state, halt: undefined }, name) },
    ],
    ['that opens every wave at once', { ...RULE, mayTake: ({ halt }) => halt === undefined }],
    [
      'that never counts a node again that was forgotten',
      {
        ...RULE,
        stateOf: (rollout, mark, nodes) =>
          rolloutState(
            rollout,
            mark,
            nodes.filter(({ name }) => !mark?.forgotten?.includes(name)),
          ),
      },
    ],
    ['by which a node hides that it was away', { ...RULE, hasFailed: () => false }],
    [
      'that forgets who failed before a wave',
      {
        ...RULE,
        stateOf: (rollout, mark, nodes) =>
          rolloutState({ ...rollout, max_failed: rollout.max_failed + 1 }, mark, nodes),
      },
    ],
    [
      'that takes a node that has the generation for one that has soaked',
      {
        ...RULE,
        stateOf: (rollout, mark, nodes) =>
          rolloutState(
            rollout,
            mark,
            nodes.map((each) =>
              each.progress?.stage === 'taken'
                ? { ...each, progress: { ...each.progress, stage: 'soaked' as const } }
                : each,
            ),
          ),
      },
    ],
    [
      'that does not keep what others saw of a halt',
      {
        ...RULE,
        stateOf: (rollout, mark, nodes) =>
          rolloutState(
            rollout,
            mark && { ...mark, halted: false },
            nodes.map((each) => ({
              ...each,
              progress: each.progress && { ...each.progress, halt: null, round: 99 },
            })),
          ),
      },
    ],
  ];
  it.each(broken)('a rule %s is noticed', (_, rule) => isBrokenBy(keepsOrder(rule), 5000));
});
