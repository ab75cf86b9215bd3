import { describe, expect, it, onTestFinished } from 'vitest';
import { EXAMPLES, ExampleFolder } from '../support/verb-examples.ts';

// The examples of all other verbs run in test/kernel.
describe('the examples in the help', () => {
  it.each(EXAMPLES.anywhere)('of $name work as they are written', async ({ examples }) => {
    const folder = new ExampleFolder();
    onTestFinished(() => folder.remove());
    for (const line of examples) {
      const { status, output } = await folder.start(line).end;
      expect(status, `${line}\n${output}`).toBe(0);
    }
  });
});
