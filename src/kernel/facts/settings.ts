import { trimSysctl } from '../../model/sysctl.ts';
import { type Fact, factOf, ifPresent } from './fact.ts';
import type { MachineFiles } from './machine-files.ts';

/** Names as sysctl(8) has them, with slashes, because the name of an interface may have a dot. */
export type SettingName = string;

/** Sysctls outside of IPVS that decide whether its packets pass. */
const NAMES: readonly SettingName[] = [
  'net/ipv4/ip_forward',
  'net/netfilter/nf_conntrack_count',
  'net/netfilter/nf_conntrack_max',
  'fs/inotify/max_user_instances',
  'fs/inotify/max_user_watches',
];

/** Sysctls that each interface has, and the entry `all`. */
const OF_INTERFACES: Readonly<Record<string, readonly string[]>> = {
  'net/ipv4/conf': ['forwarding', 'rp_filter'],
  'net/ipv6/conf': ['forwarding', 'disable_ipv6'],
};

export const IPVS_SETTINGS = 'net/ipv4/vs';

/**
 * The sysctls of the network namespace of this process, and of its kernel. A missing name is one
 * that this kernel does not have.
 */
export type Settings = ReadonlyMap<SettingName, string>;

export async function readSettings(files: MachineFiles): Promise<Fact<Settings>> {
  return factOf('/proc/sys', async () => {
    const settings = new Map<SettingName, string>();
    const add = async (name: SettingName): Promise<void> => {
      const text = await ifPresent(() => files.read(`/proc/sys/${name}`));
      if (text !== undefined) settings.set(name, trimSysctl(text));
    };
    // Where /proc/sys is hidden, a missing file says nothing about the kernel.
    await files.list('/proc/sys/net');
    const list = async (folder: string): Promise<readonly string[]> =>
      (await ifPresent(() => files.list(`/proc/sys/${folder}`))) ?? [];
    for (const name of NAMES) await add(name);
    for (const name of await list(IPVS_SETTINGS)) await add(`${IPVS_SETTINGS}/${name}`);
    for (const [folder, names] of Object.entries(OF_INTERFACES))
      for (const entry of await list(folder))
        for (const name of names) await add(`${folder}/${entry}/${name}`);
    return settings;
  });
}

/** Returns what is in the way of writing the sysctls of IPVS, or undefined when nothing is. */
export async function readSettingsRefusal(files: MachineFiles): Promise<Fact<string | undefined>> {
  const folder = `/proc/sys/${IPVS_SETTINGS}`;
  return factOf(folder, async () => {
    const [name] = (await ifPresent(() => files.list(folder))) ?? [];
    if (name === undefined) return undefined;
    try {
      await files.checkWritable(`${folder}/${name}`);
      return undefined;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  });
}
