/**
 * The values that the kernel accepts for a sysctl below `net.ipv4.vs`, as far as they are known.
 */
export type SysctlValues =
  | { readonly kind: 'number'; readonly min: number; readonly max: number }
  /** 1, 2, 4, ... up to `max`. */
  | { readonly kind: 'power'; readonly max: number }
  /** `FIRST SECOND`: 0 <= first < second, or second 0. */
  | { readonly kind: 'threshold' }
  /** CPUs as `0-3,5`; empty for none. */
  | { readonly kind: 'cpus' };

const FLAG: SysctlValues = { kind: 'number', min: 0, max: 1 };
const INTEGER: SysctlValues = { kind: 'number', min: -0x8000_0000, max: 0x7fff_ffff };
const COUNT: SysctlValues = { kind: 'number', min: 0, max: 0x7fff_ffff };
const DEFENCE: SysctlValues = { kind: 'number', min: 0, max: 3 };
const NICE: SysctlValues = { kind: 'number', min: -20, max: 19 };
const LOAD_FACTOR: SysctlValues = { kind: 'number', min: -8, max: 8 };

/** In seconds. A kernel with HZ=1000 counts them in 31 bits. */
const SECONDS: SysctlValues = { kind: 'number', min: 0, max: 2_147_483 };

/** The module that must be loaded for a sysctl (kernel: ip_vs_lblc.c, ip_vs_lblcr.c). */
export const MODULES_OF_SYSCTLS: ReadonlyMap<string, string> = new Map([
  ['lblc_expiration', 'ip_vs_lblc'],
  ['lblcr_expiration', 'ip_vs_lblcr'],
]);

/**
 * The version of Linux that brought a sysctl. Those that are not named are older than Linux 5.10.
 * Some distributions have them in older kernels, too, so that only the kernel itself is asked.
 */
export const KERNELS_OF_SYSCTLS: ReadonlyMap<string, string> = new Map([
  ['run_estimation', '5.16'],
  ['est_cpulist', '6.2'],
  ['est_nice', '6.2'],
  ['conn_lfactor', '7.1'],
  ['svc_lfactor', '7.1'],
  ['conn_max', '7.2'],
]);

/** Formats the name of a sysctl that a kernel lacks, with the version that brought it. */
export function formatMissingSysctl(name: string): string {
  const version = KERNELS_OF_SYSCTLS.get(name);
  return `net.ipv4.vs.${name}${version === undefined ? '' : ` (since Linux ${version})`}`;
}

/** The sysctls of kernels 5.10 to 7.3 (kernel: ip_vs_ctl.c vs_vars). No kernel has all of them. */
export const SYSCTLS: ReadonlyMap<string, SysctlValues> = new Map(
  Object.entries({
    am_droprate: INTEGER,
    amemthresh: INTEGER,
    backup_only: FLAG,
    cache_bypass: FLAG,
    conn_lfactor: LOAD_FACTOR,
    conn_max: { kind: 'number', min: 0, max: 2 ** 30 },
    conn_reuse_mode: { kind: 'number', min: 0, max: 3 },
    conntrack: FLAG,
    debug_level: COUNT,
    drop_entry: DEFENCE,
    drop_packet: DEFENCE,
    est_cpulist: { kind: 'cpus' },
    est_nice: NICE,
    expire_nodest_conn: FLAG,
    expire_quiescent_template: FLAG,
    ignore_tunneled: FLAG,
    lblc_expiration: SECONDS,
    lblcr_expiration: SECONDS,
    nat_icmp_send: FLAG,
    pmtu_disc: FLAG,
    run_estimation: FLAG,
    schedule_icmp: FLAG,
    secure_tcp: DEFENCE,
    sloppy_sctp: FLAG,
    sloppy_tcp: FLAG,
    snat_reroute: FLAG,
    svc_lfactor: LOAD_FACTOR,
    sync_persist_mode: COUNT,
    sync_ports: { kind: 'power', max: 64 },
    sync_qlen_max: { kind: 'number', min: 0, max: Number.MAX_SAFE_INTEGER },
    sync_refresh_period: COUNT,
    sync_retries: { kind: 'number', min: 0, max: 3 },
    sync_sock_size: COUNT,
    sync_threshold: { kind: 'threshold' },
    sync_version: FLAG,
  } satisfies Readonly<Record<string, SysctlValues>>),
);

/**
 * Returns a value without blanks around it, and with one blank between two words: the kernel
 * separates numbers by tabs.
 */
export function trimSysctl(value: string): string {
  return value.trim().replace(/\s+/g, ' ');
}

/**
 * Tells whether two values mean the same. The kernel itself changes a defence mode from 1 to 2 and
 * back when memory gets scarce.
 */
export function sameSysctl(name: string, a: string, b: string): boolean {
  if (a === b) return true;
  const values = SYSCTLS.get(name);
  if (values === DEFENCE) return isAutomatic(a) && isAutomatic(b);
  if (values?.kind !== 'cpus') return false;
  const [left, right] = [parseCpus(a), parseCpus(b)];
  return left !== undefined && right !== undefined && left.join() === right.join();
}

function isAutomatic(value: string): boolean {
  return value === '1' || value === '2';
}

/**
 * Returns a CPU list as sorted ranges that do not touch, `first-last` each; undefined for anything
 * else.
 */
export function parseCpus(text: string): readonly string[] | undefined {
  if (text === '') return [];
  const ranges: (readonly [number, number])[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part.trim());
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!match || last < first) return undefined;
    ranges.push([first, last]);
  }
  ranges.sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [first, last] of ranges) {
    const previous = merged.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged.map(([first, last]) => `${first}-${last}`);
}
