import { MissingAddonError } from '../../errors.ts';
import type { Address } from '../../model/address.ts';
import { type Network, type ReadNetwork, readNetwork } from '../netlink/network.ts';
import { loadNativeSockets } from '../netlink/socket.ts';
import { type Fact, factOf, ifPresent } from './fact.ts';
import { type MachineFiles, SYSTEM_FILES } from './machine-files.ts';
import { type ModuleFacts, readModules } from './modules.ts';
import {
  type InotifyUse,
  type Privileges,
  type Processes,
  readInotifyUse,
  readProcesses,
  readStatus,
} from './processes.ts';
import { readSettings, readSettingsRefusal, type Settings } from './settings.ts';

/** A machine as this process sees it. Nothing here changes it. Tests bring any machine. */
export interface Machine {
  readonly files: MachineFiles;
  readonly network: ReadNetwork;
  /** Loads the native addon. Throws `MissingAddonError`. */
  readonly loadAddon: () => Promise<unknown>;
  readonly uid: number;
  readonly pid: number;
  /** Such as `22.12.0`. */
  readonly nodeVersion: string;
  readonly now: () => Date;
}

export function thisMachine(): Machine {
  return {
    files: SYSTEM_FILES,
    network: readNetwork,
    loadAddon: loadNativeSockets,
    uid: process.geteuid?.() ?? 0,
    pid: process.pid,
    nodeVersion: process.versions.node,
    now: () => new Date(),
  };
}

/** The kernel's IPVS as its file of the table describes it. */
export interface IpvsFacts {
  /** Such as `1.2.1`; empty when the first line has none. */
  readonly version: string;
  readonly services: number;
}

/** The facts about a kernel, its network namespace and its processes. */
export interface KernelFacts {
  /** Such as `6.1.0-49-amd64`. */
  readonly release: Fact<string>;
  readonly modules: ModuleFacts;
  /** undefined: IPVS is not loaded. */
  readonly ipvs: Fact<IpvsFacts | undefined>;
  readonly settings: Fact<Settings>;
  /** The name of the errno by which sysctls of IPVS may not be written, or undefined. */
  readonly settingsRefusal: Fact<string | undefined>;
  /** False for a kernel without IPv6, or one that was started with `ipv6.disable=1`. */
  readonly hasIPv6: Fact<boolean>;
  readonly network: Fact<Network>;
  /** The reason why the native addon cannot be loaded. undefined: it was loaded. */
  readonly addonError: MissingAddonError | undefined;
  /** The packets that `rp_filter` dropped since the network namespace was made. */
  readonly reversePathDrops: Fact<number | undefined>;
  readonly privileges: Fact<Privileges>;
  readonly processes: Fact<Processes>;
  readonly inotify: Fact<InotifyUse>;
}

/** Reads the facts, with the routes to `addresses`. Changes nothing, and loads no module. */
export async function readKernelFacts(
  { files, network, loadAddon, uid, pid }: Machine,
  addresses: readonly Address[],
): Promise<KernelFacts> {
  const release = await factOf('/proc/sys/kernel/osrelease', async () =>
    (await files.read('/proc/sys/kernel/osrelease')).trim(),
  );
  return {
    release,
    modules: await readModules(files, release),
    ipvs: await readIpvs(files),
    settings: await readSettings(files),
    settingsRefusal: await readSettingsRefusal(files),
    hasIPv6: await factOf('/proc/net/if_inet6', async () => {
      return (await ifPresent(() => files.read('/proc/net/if_inet6'))) !== undefined;
    }),
    network: await factOf('rtnetlink', () => network(addresses)),
    addonError: await readAddonError(loadAddon),
    reversePathDrops: await readReversePathDrops(files),
    privileges: await readStatus(files, 'self'),
    processes: await readProcesses(files, pid),
    inotify: await readInotifyUse(files, uid),
  };
}

async function readAddonError(
  loadAddon: Machine['loadAddon'],
): Promise<MissingAddonError | undefined> {
  try {
    await loadAddon();
    return undefined;
  } catch (error) {
    // Anything else is a bug.
    if (!(error instanceof MissingAddonError)) throw error;
    return error;
  }
}

async function readIpvs(files: MachineFiles): Promise<Fact<IpvsFacts | undefined>> {
  const path = '/proc/net/ip_vs';
  return factOf(path, async () => {
    const text = await ifPresent(() => files.read(path));
    if (text === undefined) return undefined;
    const [, version = ''] = /^IP Virtual Server version (\S+)/.exec(text) ?? [];
    return { version, services: text.match(/^(?:TCP|UDP|SCTP|FWM) /gm)?.length ?? 0 };
  });
}

/** Two lines for each group: the names of its counters, and then their values (`TcpExt: 1 2`). */
async function readReversePathDrops(files: MachineFiles): Promise<Fact<number | undefined>> {
  const path = '/proc/net/netstat';
  return factOf(path, async () => {
    const lines = ((await ifPresent(() => files.read(path))) ?? '').split('\n');
    const at = lines.findIndex((line) => /\bIPReversePathFilter\b/.test(line));
    const column = lines[at]?.split(' ').indexOf('IPReversePathFilter') ?? -1;
    const value = lines[at + 1]?.split(' ')[column];
    return at === -1 || value === undefined ? undefined : Number(value);
  });
}
