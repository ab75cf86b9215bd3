import { describe, expect, it } from 'vitest';
import { RememberedTable } from '../../src/kernel/remembered-table.ts';
import type { Desired } from '../../src/model/desired.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { desiredOf, keyOf, servicesOf, tableOf } from '../support/tables.ts';

const A = 'tcp://192.0.2.1:80';
const B = 'tcp://192.0.2.2:80';
const C = 'tcp://192.0.2.3:80';
const files = (weight: number, others: object = {}): Desired =>
  desiredOf(
    servicesOf({
      [A]: { destinations: { '10.0.0.1:80': weight } },
      [B]: { destinations: { '10.0.0.2:80': 1 } },
      ...others,
    }),
  );

/** A kernel after a pass that found its table as desired. */
async function settled(desired: Desired) {
  const kernel = openMisbehavingTable(tableOf({}));
  const remembered = new RememberedTable(kernel);
  const report = await reconcile(remembered, desired);
  remembered.remember(report.plan.desired, desired);
  kernel.reads.length = 0;
  return { kernel, remembered };
}

const asked = (kernel: { reads: { services?: Iterable<string> }[] }): (string[] | 'everything')[] =>
  kernel.reads.map(({ services }) => (services ? [...services] : 'everything'));

describe('a table that was found as desired', () => {
  it('is read only where the files differ, and the result is that of a whole read', async () => {
    const { kernel, remembered } = await settled(files(1));
    const next = files(7);
    expect(remembered.shortenNextRead(next)).toBe(true);
    expect((await reconcile(remembered, next)).outcome).toBe('applied');
    expect(asked(kernel)).toEqual([[A], [A]]);
    expect(kernel.table().services.get(keyOf(A))?.destinations.values().next().value?.weight).toBe(
      7,
    );
    expect(kernel.table().services.size).toBe(2);
  });

  it('is read again for services that are added or removed', async () => {
    const { kernel, remembered } = await settled(files(1, { [C]: {} }));
    remembered.shortenNextRead(files(1));
    await remembered.read();
    expect(asked(kernel)).toEqual([[C]]);
    remembered.shortenNextRead(desiredOf(servicesOf({ [C]: {} })));
    await remembered.read();
    expect(new Set(asked(kernel)[1])).toEqual(new Set([A, B]));
  });

  it('has foreign changes to the services that the files touch, and no others', async () => {
    const { kernel, remembered } = await settled(files(1));
    const [a, b] = [...kernel.table().services.values()].map(({ service }) => service.identity);
    if (a && b)
      await kernel.execute([
        { kind: 'delete-service', service: a },
        { kind: 'delete-service', service: b },
      ]);
    remembered.shortenNextRead(files(7));
    expect([...(await remembered.read()).table.services.keys()]).toEqual([B]);
    // The read of the whole table after each pass that wrote.
    remembered.readWholeNext();
    expect((await remembered.read()).table.services.size).toBe(0);
  });

  it('is read whole by the second read of a pass', async () => {
    const { kernel, remembered } = await settled(files(1));
    remembered.shortenNextRead(files(7));
    await remembered.read();
    await remembered.read();
    expect(asked(kernel)).toEqual([[A], 'everything']);
  });

  it('is read whole after a pass that failed, and when other services are managed', async () => {
    const { kernel, remembered } = await settled(files(1));
    const policy = {
      manage: { include: undefined, exclude: [{ service: keyOf(B) }] },
      services: new Map(),
      sysctls: undefined,
    };
    expect(remembered.shortenNextRead({ ...files(7), policy })).toBe(false);
    remembered.forget();
    expect(remembered.shortenNextRead(files(7))).toBe(false);
    await remembered.read();
    expect(asked(kernel)).toEqual(['everything']);
  });
});
