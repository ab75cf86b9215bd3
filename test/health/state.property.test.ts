import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type CheckAnswer,
  type CheckState,
  DAMPING,
  firstState,
  isHeldByDamping,
  stateAfter,
} from '../../src/health/state.ts';
import { holds, isBrokenBy } from '../support/properties.ts';

const RULES = { rise: 2, fall: 3 };
type Step = typeof stateAfter;

/** Answers of a destination, with 0.5 to 5 seconds between two of them. */
const answers = fc
  .array(fc.record({ isGood: fc.boolean(), wait: fc.integer({ min: 1, max: 10 }) }), {
    maxLength: 200,
  })
  .map((list) => {
    let atSeconds = 0;
    return list.map(({ isGood, wait }): CheckAnswer => {
      atSeconds += wait / 2;
      return { isGood, atSeconds };
    });
  });

const quick = fc.record({ rise: fc.constantFrom(1, 2), fall: fc.constantFrom(1, 2, 3) });

/** The states of a destination, beginning with the one before the first answer. */
function statesOf(list: readonly CheckAnswer[], rules: typeof RULES, step: Step): CheckState[] {
  const states = [firstState(true, 0)];
  for (const answer of list) states.push(step(states.at(-1) as CheckState, answer, rules));
  return states;
}

const changesSeldom = (step: Step) =>
  fc.property(answers, quick, (list, rules) => {
    const states = statesOf(list, rules, step);
    const times = list.flatMap(({ atSeconds }, index) =>
      states[index]?.isHealthy === states[index + 1]?.isHealthy ? [] : [atSeconds],
    );
    return times.every((time, index) => {
      const sixth = times[index + DAMPING.changes];
      return sixth === undefined || sixth - time >= DAMPING.windowSeconds;
    });
  });

test('a destination changes at most five times in any minute, whatever it answers', async () => {
  await holds(changesSeldom(stateAfter));
});

test('it is found when nothing damps the changes', async () => {
  await isBrokenBy(
    changesSeldom((state, answer, rules) => stateAfter({ ...state, changes: [] }, answer, rules)),
  );
});

const needsProof = (step: Step) =>
  fc.property(answers, quick, (list, rules) => {
    const states = statesOf(list, rules, step);
    return list.every(({ isGood }, index) => {
      const [before, after] = [states[index], states[index + 1]];
      if (before?.isHealthy === after?.isHealthy) return true;
      const needed = isGood ? rules.rise : rules.fall;
      const last = list.slice(Math.max(0, index + 1 - needed), index + 1);
      return last.length === needed && last.every((answer) => answer.isGood === isGood);
    });
  });

test('a change needs as many answers in a row as the rules say', async () => {
  await holds(needsProof(stateAfter));
});

test('it is found when one bad answer is enough', async () => {
  await isBrokenBy(
    needsProof((state, answer, rules) => stateAfter(state, answer, { ...rules, fall: 1 })),
  );
});

test('a failure always counts, also of a destination that flaps', async () => {
  await holds(
    fc.property(answers, (list) => {
      const last = list.at(-1)?.atSeconds ?? 0;
      const bad = [1, 2, 3].map((second) => ({ isGood: false, atSeconds: last + second }));
      return statesOf([...list, ...bad], RULES, stateAfter).at(-1)?.isHealthy === false;
    }),
  );
});

test('a destination that flapped and answers well waits for the end of the minute', () => {
  const rules = { rise: 1, fall: 1 };
  const flapping = [false, true, false, true, false, true].map((isGood, index) => ({
    isGood,
    atSeconds: index + 1,
  }));
  const held = statesOf(flapping, rules, stateAfter).at(-1) as CheckState;
  expect(held.isHealthy).toBe(false);
  expect(isHeldByDamping(held, rules)).toBe(true);
  const later = stateAfter(held, { isGood: true, atSeconds: 62 }, rules);
  expect(later).toMatchObject({ isHealthy: true, sinceSeconds: 62 });
});
