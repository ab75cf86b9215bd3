import { digestsOfTable } from '../../daemon/fleet/table-digest.ts';
import { IpvstateError } from '../../errors.ts';
import {
  type FleetOverride,
  type FleetOverrideEntry,
  overrideOn,
} from '../../fleet/fleet-override.ts';
import type { FleetNode } from '../../fleet/nodes.ts';
import type { Desired } from '../../model/desired.ts';
import { KERNEL_TIMEOUTS } from '../../model/settings.ts';
import type { Table } from '../../model/table.ts';
import { comparable, type PartialTable } from '../../plan/comparable.ts';
import { overriding } from '../../plan/overrides/overrides.ts';
import { plan } from '../../plan/plan.ts';
import { joinPlans, type NodePlan } from '../../render/node-plans.ts';
import type { EtcdClient } from '../../sources/etcd/client.ts';
import { documentsOf, readFilesOf, readManifest } from '../../sources/etcd/generation.ts';
import { desiredOfNodes } from '../../sources/load-nodes.ts';
import type { Document } from '../../sources/source.ts';

/** The directors whose plans are made, and the documents that they would have next. */
interface Wanted {
  readonly nodes: readonly FleetNode[];
  readonly overrides: readonly FleetOverrideEntry[];
  readonly documents: readonly Document[];
}

/** The desired states of a director, before and after. undefined: it cannot be read. */
interface States {
  readonly before: Desired | undefined;
  readonly after: Desired | undefined;
}

/**
 * Makes the plan of each director: the difference between the files of the generation that it has
 * applied and other ones, both with the overrides of the fleet. Directors with equal plans are
 * together. The digest that a director reports tells whether its live table is as its files say.
 * Where it is not, only the director knows its table, and the plan is from the files alone.
 */
export async function plansOfNodes(
  client: EtcdClient,
  prefix: string,
  { nodes, overrides, documents }: Wanted,
): Promise<readonly NodePlan[]> {
  const names = nodes.map(({ name }) => name);
  const after = await desiredOfNodes(documents, names);
  const before = await readBefore(client, prefix, nodes);
  const known = new Map<string, Promise<Omit<NodePlan, 'nodes'>>>();
  const numberOf = numberer();
  const plans: NodePlan[] = [];
  for (const node of nodes) {
    const { name, report } = node;
    const states = { before: before.get(name), after: after.get(name) };
    const set = overrides.flatMap((each) =>
      each.override && overrideOn(node, each).stage === 'in-effect' ? [each.override] : [],
    );
    const doubt = doubtOf(node);
    const objects = [numberOf(states.before), numberOf(states.after)];
    const facts = [objects, set, doubt, report?.services, report?.generation.applied];
    const kind = JSON.stringify(facts);
    const found = known.get(kind) ?? planOf(node, states, set, doubt);
    known.set(kind, found);
    plans.push({ ...(await found), nodes: [name] });
  }
  return joinPlans(plans);
}

/** Gives each object a number of its own. */
function numberer(): (value: object | undefined) => number {
  const numbers = new Map<object | undefined, number>();
  return (value) => {
    const number = numbers.get(value) ?? numbers.size;
    numbers.set(value, number);
    return number;
  };
}

/** Reads what the generation that each director has applied says for it. */
async function readBefore(
  client: EtcdClient,
  prefix: string,
  nodes: readonly FleetNode[],
): Promise<ReadonlyMap<string, Desired | undefined>> {
  const byGeneration = new Map<number, string[]>();
  for (const { name, report } of nodes) {
    const applied = report?.generation.applied ?? null;
    if (applied !== null) byGeneration.set(applied, [...(byGeneration.get(applied) ?? []), name]);
  }
  const found = new Map<string, Desired | undefined>();
  for (const [generation, names] of byGeneration) {
    const documents = await readDocumentsOf(client, prefix, generation);
    if (documents)
      for (const [name, desired] of await desiredOfNodes(documents, names))
        found.set(name, desired);
  }
  return found;
}

/** Returns undefined for a generation that was removed, or is damaged. */
async function readDocumentsOf(
  client: EtcdClient,
  prefix: string,
  generation: number,
): Promise<readonly Document[] | undefined> {
  try {
    const { manifest, sha256 } = await readManifest(client, prefix, generation);
    const files = await readFilesOf(client, prefix, manifest);
    return documentsOf(prefix, { generation, sha256, files }, undefined);
  } catch (error) {
    if (error instanceof IpvstateError) return undefined;
    throw error;
  }
}

/** Says why nobody knows that a live table is as files say. undefined: the digests tell. */
function doubtOf({ daemons, isReporting, report }: FleetNode): string | undefined {
  if (daemons.length > 1) return 'two daemons report under its name';
  if (report?.stopped) return 'it is stopped';
  if (!isReporting) return 'it is away';
  if (report?.services === undefined) return 'its version does not tell enough';
  return report.services === null ? `its health is ${report.health}` : undefined;
}

async function planOf(
  { report, problem }: FleetNode,
  { before, after }: States,
  set: readonly FleetOverride[],
  doubt: string | undefined,
): Promise<Omit<NodePlan, 'nodes'>> {
  const generation = report?.generation.applied ?? null;
  const without = (why: string) => ({
    ...{ generation, isLive: false, why, changes: undefined },
    ...{ names: new Map(), locate: () => undefined },
  });
  if (problem !== undefined) return without('its report cannot be read');
  if (!report) return without('it has never reported');
  if (generation === null) return without('it has applied no generation');
  if (!before) return without(`generation ${generation} cannot be read`);
  if (!after) return without('the files are not valid for it');
  const [tableBefore, tableAfter] = [tableOf(before, set), tableOf(after, set)];
  const why = doubt ?? (await differenceOf(tableBefore.services, report.services));
  const { changes } = plan(...comparable(tableBefore, tableAfter));
  const names = new Map([...before.names, ...after.names]);
  return { generation, isLive: why === undefined, why, changes, names, locate: after.locate };
}

async function differenceOf(
  services: Table['services'],
  reported: string | null | undefined,
): Promise<string | undefined> {
  const digests = await digestsOfTable(
    { services, timeouts: KERNEL_TIMEOUTS, daemons: [] },
    undefined,
  );
  if (digests.services === reported) return undefined;
  return 'its live weights or servers are others, by health checks or a drain for example';
}

function tableOf(desired: Desired, set: readonly FleetOverride[]): PartialTable {
  const { services, timeouts, daemons, policy } = desired;
  const override = overriding({ overrides: set, held: new Map(), now: 0, date: new Date(0) });
  const overridden = [...services].map(([key, entry]) => {
    return [key, override(entry, new Set()).entry] as const;
  });
  const sysctls = policy?.sysctls?.values;
  return { services: new Map(overridden), timeouts, daemons, sysctls };
}
