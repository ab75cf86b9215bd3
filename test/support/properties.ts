import fc from 'fast-check';
import { expect } from 'vitest';

/**
 * The seed. It is fixed so that each run repeats the inputs of the last one; its value does not
 * matter.
 */
const SEED = 20_260_101;

type Property<T> = fc.IProperty<T> | fc.IAsyncProperty<T>;

/**
 * Asserts a property on known inputs and on new ones. fast-check prints the seed of the new ones
 * when they fail.
 */
export async function holds<T>(property: Property<T>, runs = 300): Promise<void> {
  await fc.assert(property as fc.IAsyncProperty<T>, { seed: SEED, numRuns: runs });
  await fc.assert(property as fc.IAsyncProperty<T>, { numRuns: runs });
}

/**
 * Asserts that a property can fail: the negative twin runs it on a variant that is broken on
 * purpose.
 */
export async function isBrokenBy<T>(property: Property<T>, runs = 2000): Promise<void> {
  const { failed, numRuns } = await fc.check(property as fc.IAsyncProperty<T>, {
    seed: SEED,
    numRuns: runs,
    endOnFailure: true,
  });
  expect(failed, `nothing was found in ${numRuns} runs`).toBe(true);
}
