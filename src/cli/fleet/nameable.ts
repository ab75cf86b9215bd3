import type { ServiceKey } from '../../model/service.ts';
import type { ServiceEntry } from '../../model/table.ts';
import type { Nameable } from '../../plan/overrides/override-target.ts';
import type { EtcdClient } from '../../sources/etcd/client.ts';
import { documentsOf, readGeneration } from '../../sources/etcd/generation.ts';
import { readFleetSnapshot } from '../../sources/etcd/rollouts.ts';
import { loadForNodes } from '../../sources/load-nodes.ts';

/**
 * Reads the services and destinations that any director can have: those of the current generation
 * and, while it is rolled out, those of the one before.
 */
export async function readNameable(client: EtcdClient, prefix: string): Promise<Nameable> {
  const { current, rollout } = await readFleetSnapshot(client, prefix);
  const base = rollout?.isDone === false ? rollout.rollout.base : null;
  const services = new Map<ServiceKey, ServiceEntry>();
  const names = new Map<ServiceKey, string>();
  for (const each of base ? [current, base] : [current]) {
    const found = await readGeneration(client, prefix, each);
    const { desired } = await loadForNodes(documentsOf(prefix, found, undefined), {});
    for (const ofNode of desired.values()) {
      for (const [key, entry] of ofNode.services)
        services.set(key, joined(services.get(key), entry));
      for (const [key, name] of ofNode.names) names.set(key, names.get(key) ?? name);
    }
  }
  return { services, names };
}

function joined(known: ServiceEntry | undefined, entry: ServiceEntry): ServiceEntry {
  if (!known) return entry;
  return { ...known, destinations: new Map([...entry.destinations, ...known.destinations]) };
}
