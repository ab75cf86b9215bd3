import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeEtcd } from '../support/fake-etcd.ts';
import { ETCD_HOST, EXAMPLES, ExampleFolder } from '../support/verb-examples.ts';

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

  it('of the verbs for etcd work one after the other', async () => {
    const [folder, etcd] = [new ExampleFolder(), await new FakeEtcd().start()];
    onTestFinished(() => folder.remove());
    onTestFinished(() => etcd.stop());
    for (const line of EXAMPLES.onEtcd.flatMap(({ examples }) => examples)) {
      const { status, output } = await folder.start(line.replace(ETCD_HOST, etcd.host)).end;
      expect(status, `${line}\n${output}`).toBe(0);
    }
  });
});
