import fc from 'fast-check';
import { describe, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import type { Desired } from '../../src/model/desired.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';
import { explain } from '../../src/plan/explain/explain.ts';
import type { Explanation } from '../../src/plan/explain/explanation.ts';
import { prepare } from '../../src/reconcile/prepare.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { configs, EXPLAINED, OTHER, yamlOf } from '../support/arbitrary-config.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { keyOf, tableOf } from '../support/tables.ts';

const service = keyOf(EXPLAINED);

/** The explanations of a service and of its destinations, for the plan of an empty table. */
async function explanations(desired: Desired, shown: Desired): Promise<Explanation[]> {
  const planned = await prepare(openEmbeddedTable(tableOf({})), desired);
  const { snapshot } = planned;
  const surroundings = {
    snapshot,
    planned,
    protectedServices: new Set<never>(),
    daemon: undefined,
  };
  const keys = [...(desired.services.get(service)?.destinations.keys() ?? [])];
  return [undefined, ...keys].map((destination) =>
    explain({ service, destination }, shown, undefined, surroundings),
  );
}

/** Tells whether each value that is shown for the files is the one that `apply` leads to. */
function isAsPlanned({ attributes, isDesired, action }: Explanation): boolean {
  return (
    isDesired &&
    action === 'add' &&
    attributes.every(
      ({ desired, planned }) => planned === undefined || String(desired) === String(planned),
    )
  );
}

const texts = configs.map(yamlOf);

function parse(text: string): Desired {
  const { desired } = parseConfig(text, 'a.yaml');
  fc.pre(desired !== undefined);
  return desired as Desired;
}

describe('an explanation', () => {
  it('shows the values that apply leads to', async () => {
    await holds(
      fc.asyncProperty(texts, async (text) => {
        const desired = parse(text);
        return (await explanations(desired, desired)).every(isAsPlanned);
      }),
      100,
    );
  });

  it('does not show the values of another configuration', async () => {
    await isBrokenBy(
      fc.asyncProperty(texts, texts, async (text, another) =>
        (await explanations(parse(text), parse(another))).every(isAsPlanned),
      ),
    );
  });

  it('has no action left after an apply, and the same live values', async () => {
    await holds(
      fc.asyncProperty(texts, async (text) => {
        const desired = parse(text);
        const ipvs = openEmbeddedTable(tableOf({}));
        await reconcile(ipvs, desired);
        const planned = await prepare(ipvs, desired);
        const { snapshot } = planned;
        const around = {
          snapshot,
          planned,
          protectedServices: new Set<never>(),
          daemon: undefined,
        };
        return [service, keyOf(OTHER)].every((key) => {
          const found = explain(
            { service: key, destination: undefined },
            desired,
            undefined,
            around,
          );
          return (
            found.action === undefined &&
            found.destinations.every(({ action }) => action === undefined) &&
            found.attributes.every(
              ({ desired: value, live }) => live === undefined || String(live) === String(value),
            )
          );
        });
      }),
      60,
    );
  });
});
