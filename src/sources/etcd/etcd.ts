import { IpvstateError } from '../../errors.ts';
import { systemClock } from '../files/clock.ts';
import type { Document, FollowedSource, SourceKind } from '../source.ts';
import { type EtcdAddress, isEtcdAddress, parseEtcdAddress } from './address.ts';

/** Configurations in etcd, by addresses `etcd://HOST:2379[,HOST:2379...]/PREFIX`. */
export const ETCD: SourceKind = {
  recognise: isEtcdAddress,
  open: (paths, _stdin, node) => {
    const address = onlyAddress(paths);
    let nodes: readonly string[] = [];
    return {
      read: async () => {
        const found = await readOnce(address, node);
        nodes = found.nodes;
        return found.documents;
      },
      get nodes() {
        return nodes;
      },
    };
  },
  follow: (paths, node, stores) => {
    const address = onlyAddress(paths);
    let opened: Promise<FollowedSource> | undefined;
    let source: FollowedSource | undefined;
    const open = async (): Promise<FollowedSource> => {
      const { openEtcd } = await import('./client.ts');
      const { FollowedEtcd } = await import('./followed.ts');
      const { prefix } = address;
      const ports = { client: openEtcd(address), prefix, node, store: stores?.(address) };
      source = new FollowedEtcd({ ...ports, clock: systemClock, random: Math.random });
      return source;
    };
    const whenOpen = (): Promise<FollowedSource> => {
      opened ??= open();
      return opened;
    };
    return {
      get problem() {
        return source?.problem;
      },
      get rollout() {
        return source?.rollout;
      },
      get nodes() {
        return source?.nodes ?? [];
      },
      read: async () => (await whenOpen()).read(),
      keep: async () => (await whenOpen()).keep?.(),
      refresh: async () => (await whenOpen()).refresh?.(),
      watch: async (options) => (await whenOpen()).watch(options),
    };
  },
};

/** Two configurations in etcd would have generations of their own, and no common one. */
function onlyAddress(paths: readonly string[]): EtcdAddress {
  const [first = '', ...others] = paths;
  if (others.length > 0)
    throw new IpvstateError('USAGE', 'a configuration is at one address of etcd only');
  return parseEtcdAddress(first);
}

/** Loads the client only for those who read from etcd. */
async function readOnce(
  address: EtcdAddress,
  node: string | undefined,
): Promise<{ readonly documents: readonly Document[]; readonly nodes: readonly string[] }> {
  const { openEtcd } = await import('./client.ts');
  const { documentsOf, nodesOf, readInForce } = await import('./generation.ts');
  const client = openEtcd(address);
  const generation = await readInForce(client, address.prefix);
  const documents = documentsOf(address.prefix, generation, node);
  return { documents, nodes: nodesOf(generation) };
}
