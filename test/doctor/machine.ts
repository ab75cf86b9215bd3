import type { Machine } from '../../src/kernel/facts/machine.ts';
import type { FileStatus, MachineFiles } from '../../src/kernel/facts/machine-files.ts';
import type { Link, Network, Route } from '../../src/kernel/netlink/network.ts';
import type { Address } from '../../src/model/address.ts';

/** A file with special properties. */
export interface SpecialEntry {
  readonly text?: string;
  readonly link?: string;
  readonly isFolder?: boolean;
  readonly uid?: number;
  readonly mode?: number;
  /** The errno of each call. */
  readonly error?: string;
  /** The errno of a write. */
  readonly writeError?: string;
  readonly freeBytes?: number;
  readonly freeFiles?: number;
  readonly fileSystemType?: number;
}

/** A file of a machine: its text, or what is special about it. undefined: it does not exist. */
export type Entry = string | SpecialEntry | undefined;

export type Tree = Readonly<Record<string, Entry>>;

const RELEASE = '6.1.0-49-amd64';
const IPVS = `/lib/modules/${RELEASE}/kernel/net/netfilter/ipvs`;
const NETSTAT = 'TcpExt: SyncookiesSent IPReversePathFilter TCPLoss\nTcpExt: 0 0 7\n';
const STATUS = 'Name:\tnode\nCapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\n';
const INITIAL_USERS = '         0          0 4294967295\n';

/** A machine on which all is well: IPVS is loaded, and every sysctl is as it should be. */
export const HEALTHY: Tree = {
  '/proc/sys/kernel/osrelease': `${RELEASE}\n`,
  '/proc/sys/kernel/modules_disabled': '0\n',
  '/proc/sys/kernel/modprobe': '/sbin/modprobe\n',
  '/proc/modules': 'ip_vs_rr 16384 1 - Live 0x0\nip_vs 200704 3 ip_vs_rr, Live 0x0\n',
  [`/lib/modules/${RELEASE}/modules.builtin`]: 'kernel/fs/ext4/ext4.ko\n',
  [`/lib/modules/${RELEASE}/modules.dep`]: [
    `${IPVS}/ip_vs.ko.xz: kernel/net/netfilter/nf_conntrack.ko.xz`,
    ...['rr', 'wlc', 'mh', 'ftp', 'pe_sip'].map((name) => `${IPVS}/ip_vs_${name}.ko.xz: x.ko`),
  ].join('\n'),
  '/proc/net/ip_vs':
    'IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n' +
    'TCP  C000020A:01BB rr \n  -> 0A01000B:01BB      Masq    1      0          0         \n',
  '/proc/net/if_inet6': '00000000000000000000000000000001 01 80 10 80 lo\n',
  '/proc/net/netstat': NETSTAT,
  '/proc/locks': '1: FLOCK  ADVISORY  WRITE 77 00:18:99 0 EOF\n',
  '/proc/sys/net/ipv4/ip_forward': '1\n',
  '/proc/sys/net/ipv4/conf/all/forwarding': '1\n',
  '/proc/sys/net/ipv4/conf/all/rp_filter': '0\n',
  '/proc/sys/net/ipv4/conf/eth0/forwarding': '1\n',
  '/proc/sys/net/ipv4/conf/eth0/rp_filter': '2\n',
  '/proc/sys/net/ipv4/conf/eth1/forwarding': '1\n',
  '/proc/sys/net/ipv4/conf/eth1/rp_filter': '2\n',
  '/proc/sys/net/ipv6/conf/all/forwarding': '1\n',
  '/proc/sys/net/ipv6/conf/all/disable_ipv6': '0\n',
  '/proc/sys/net/netfilter/nf_conntrack_count': '10\n',
  '/proc/sys/net/netfilter/nf_conntrack_max': '65536\n',
  '/proc/sys/fs/inotify/max_user_instances': '128\n',
  '/proc/sys/fs/inotify/max_user_watches': '65536\n',
  ...Object.fromEntries(
    Object.entries({
      backup_only: 0,
      conn_reuse_mode: 1,
      conntrack: 0,
      drop_entry: 0,
      drop_packet: 0,
      expire_nodest_conn: 1,
      expire_quiescent_template: 1,
      pmtu_disc: 1,
      run_estimation: 1,
      secure_tcp: 0,
      sloppy_sctp: 0,
      sloppy_tcp: 0,
    }).map(([name, value]) => [`/proc/sys/net/ipv4/vs/${name}`, `${value}\n`]),
  ),
  '/proc/self/status': STATUS,
  '/proc/self/uid_map': INITIAL_USERS,
  '/proc/self/mountinfo': '25 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n',
  '/proc/self/ns/net': { link: 'net:[4026531840]' },
  '/proc/self/ns/pid': { link: 'pid:[4026531836]' },
  ...program(1, 'systemd'),
  ...program(300, 'chronyd'),
  ...program(4000, 'node', { commandLine: 'node\0/usr/bin/ipvstate\0doctor\0' }),
  '/run': { isFolder: true },
  '/var/lib': { isFolder: true },
  '/etc/ipvstate/ipvstate.yaml': 'version: 1\n',
};

/** The process that looks at the machine. */
export const OWN_PID = 4000;

export function program(
  pid: number,
  name: string,
  options: {
    readonly commandLine?: string;
    readonly netns?: string;
    readonly capabilities?: string;
    /** The number of the watches of an inotify instance. */
    readonly watches?: number;
    readonly uid?: number;
    readonly parent?: number;
  } = {},
): Tree {
  const { commandLine = name, netns = 'net:[4026531840]', watches, uid = 0, parent = 1 } = options;
  const capabilities = options.capabilities ?? '000001ffffffffff';
  const lines = Array.from({ length: watches ?? 0 }, (_, wd) => `inotify wd:${wd} ino:1\n`);
  return {
    [`/proc/${pid}`]: { isFolder: true, uid },
    [`/proc/${pid}/comm`]: `${name}\n`,
    [`/proc/${pid}/cmdline`]: commandLine,
    [`/proc/${pid}/ns/net`]: { link: netns },
    [`/proc/${pid}/status`]: `PPid:\t${parent}\nCapEff:\t${capabilities}\nCapBnd:\t${capabilities}\n`,
    [`/proc/${pid}/uid_map`]: INITIAL_USERS,
    ...(watches === undefined
      ? {}
      : {
          [`/proc/${pid}/fd/5`]: { link: 'anon_inode:inotify' },
          [`/proc/${pid}/fdinfo/5`]: `pos:\t0\n${lines.join('')}`,
        }),
  };
}

export function failed(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** The files of a tree, as Node would read them. */
export function filesOf(tree: Tree): MachineFiles {
  const paths = Object.keys(tree).filter((path) => tree[path] !== undefined);
  const entryAt = (path: string): SpecialEntry => {
    const entry = tree[path];
    const isFolder = paths.some((each) => each.startsWith(`${path}/`)) || path === '/';
    if (entry === undefined && !isFolder) throw failed('ENOENT', path);
    const found: SpecialEntry =
      typeof entry === 'string' ? { text: entry } : { isFolder, ...entry };
    if (found.error !== undefined) throw failed(found.error, path);
    return found;
  };
  return {
    read: async (path) => {
      const { text } = entryAt(path);
      if (text === undefined) throw failed('EISDIR', path);
      return text;
    },
    list: async (path) => {
      entryAt(path);
      const below = paths.filter((each) => each.startsWith(`${path}/`));
      return [...new Set(below.map((each) => each.slice(path.length + 1).split('/')[0] ?? ''))];
    },
    link: async (path) => {
      const { link } = entryAt(path);
      if (link === undefined) throw failed('EINVAL', path);
      return link;
    },
    resolve: async (path) => entryAt(path).link ?? path,
    stat: async (path): Promise<FileStatus> => {
      const { uid = 0, mode = 0o755, isFolder = false } = entryAt(path);
      return { uid, mode, device: 0x18n, inode: BigInt(path.length), isFolder };
    },
    checkWritable: async (path) => {
      const { writeError } = entryAt(path);
      if (writeError !== undefined) throw failed(writeError, path);
    },
    fileSystem: async (path) => {
      const { freeBytes = 2 ** 34, freeFiles = 10_000, fileSystemType = 0xef53 } = entryAt(path);
      return { type: fileSystemType, freeBytes, freeFiles };
    },
  };
}

const link = (index: number, name: string, more: Partial<Link> = {}): Link => ({
  ...{ name, index, mtu: 1600, isUp: true, isLoopback: false, isMulticast: true },
  ...more,
});

export const LINKS: readonly Link[] = [
  link(1, 'lo', { mtu: 65536, isLoopback: true, isMulticast: false }),
  link(2, 'eth0'),
  link(3, 'eth1'),
];

export interface NetworkOptions {
  /** Changes of `LINKS` by name. */
  readonly links?: Readonly<Record<string, Partial<Link>>>;
  readonly routes?: Readonly<Record<string, Partial<Route> | 'ENETUNREACH'>>;
  readonly error?: string;
}

function networkOf(options: NetworkOptions, addresses: readonly Address[]): Network {
  if (options.error !== undefined) throw failed(options.error, 'rtnetlink');
  const { links = {}, routes = {} } = options;
  const routeTo = (address: Address): Route | 'ENETUNREACH' => {
    const given = routes[address] ?? {};
    if (given === 'ENETUNREACH') return given;
    return { link: 3, isLocal: false, hasGateway: false, ...given };
  };
  return {
    links: LINKS.map((each) => ({ ...each, ...links[each.name] })),
    routes: new Map(addresses.map((address) => [address, routeTo(address)])),
  };
}

/** A machine like the healthy one, but for some files. */
export function machineOf(
  changes: Tree = {},
  options: NetworkOptions & Partial<Omit<Machine, 'files' | 'network'>> = {},
): Machine {
  return {
    files: filesOf({ ...HEALTHY, ...changes }),
    network: async (addresses) => networkOf(options, addresses),
    loadAddon: options.loadAddon ?? (async () => {}),
    uid: options.uid ?? 0,
    pid: OWN_PID,
    nodeVersion: options.nodeVersion ?? '24.11.0',
    now: options.now ?? (() => new Date('2026-12-01T12:00:00Z')),
  };
}
