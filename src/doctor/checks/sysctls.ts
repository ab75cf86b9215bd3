import type { Settings } from '../../kernel/facts/settings.ts';
import { formatMissingSysctl } from '../../model/sysctl.ts';
import { ftpServices } from '../desired-parts.ts';
import type { Check, Facts } from '../facts.ts';
import {
  advise,
  type Finding,
  failure,
  listOf,
  notKnown,
  ok,
  remark,
  run,
  warning,
} from '../finding.ts';

/** Returns the value that a sysctl of IPVS will have: the file's where it is written. */
type Ask = (name: string) => string | undefined;

/** A check of the sysctls below net.ipv4.vs, which exist only while IPVS is loaded. */
function sysctlCheck(
  name: string,
  examine: (sysctl: Ask, facts: Facts, settings: Settings) => readonly Finding[],
): Check {
  return {
    name,
    examine: (facts) => {
      const { settings } = facts.kernel;
      if (!settings.isKnown) return [notKnown('the sysctls', settings)];
      const policy = facts.desired?.policy?.sysctls;
      const enforced = policy?.mode === 'enforce' ? policy.values : undefined;
      const live: Ask = (sysctl) => settings.value.get(`net/ipv4/vs/${sysctl}`);
      const ask: Ask = (sysctl) =>
        live(sysctl) === undefined ? undefined : (enforced?.get(sysctl) ?? live(sysctl));
      return examine(ask, facts, settings.value);
    },
  };
}

const set = (name: string, value: number | string) => run(`sysctl -w net.ipv4.vs.${name}=${value}`);

export const NEW_CONNECTIONS = sysctlCheck('new connections', (sysctl) => {
  if (sysctl('conn_max') !== '0') return [];
  const why = 'The kernel takes no new connection for any service.';
  return [failure('net.ipv4.vs.conn_max is 0', why, set('conn_max', 2 ** 30))];
});

/**
 * Clients use a port again while the kernel remembers its last connection. Before Linux 5.9, a new
 * connection with `conntrack` then lost its first packet, and a second of time (kernel:
 * ip_vs_core.c ip_vs_in).
 */
export const REUSED_PORTS = sysctlCheck('reused ports', (sysctl, { kernel: { release } }) => {
  const mode = sysctl('conn_reuse_mode');
  if (mode === undefined) return [];
  if (!release.isKnown) return [notKnown('the version of the kernel', release)];
  const [major = 0, minor = 0] = release.value.split('.').map((part) => Number.parseInt(part, 10));
  const waits = sysctl('conntrack') === '1' && (major < 5 || (major === 5 && minor < 9));
  const seen = `net.ipv4.vs.conn_reuse_mode is ${mode}`;
  if (waits && mode !== '0')
    return [
      warning(
        `${seen}, and conntrack is 1, on Linux ${release.value}`,
        'Before Linux 5.9, a client that uses a port again loses its first packet then, and ' +
          'waits for a second.',
        set('conn_reuse_mode', 0),
      ),
    ];
  if (mode !== '0' || waits) return [ok(`${seen}, which is right for Linux ${release.value}`)];
  return [
    warning(
      seen,
      sysctl('expire_nodest_conn') === '1'
        ? 'A client that uses a port again stays with its old server, unless that server has ' +
            'weight 0.'
        : 'A client that uses a port again stays with its old server, also when that server has ' +
            'weight 0: it does not drain.',
      set('conn_reuse_mode', 1),
    ),
  ];
});

export const DRAINS = sysctlCheck('drains', (sysctl, { desired }) => {
  const drained = [...(desired?.policy?.services ?? [])].filter(([, { drain }]) => drain);
  const services = drained.flatMap(([key]) => desired?.services.get(key)?.service ?? []);
  if (services.length === 0) return [];
  const persistent = services.filter((service) => service.persistent).map(({ key }) => key);
  const findings: Finding[] = [];
  if (persistent.length > 0 && sysctl('expire_quiescent_template') === '0')
    findings.push(
      warning(
        'net.ipv4.vs.expire_quiescent_template is 0',
        `Persistent clients of ${listOf(persistent)} keep coming to a server that drains.`,
        set('expire_quiescent_template', 1),
      ),
    );
  const nodest = sysctl('expire_nodest_conn');
  if (nodest === '0')
    findings.push(
      remark(
        'net.ipv4.vs.expire_nodest_conn is 0',
        'What is left when a drain ends gets no answer until it is forgotten. 1 resets ' +
          'connections, and sends flows of UDP to another server.',
        set('expire_nodest_conn', 1),
      ),
    );
  if (findings.length > 0 || nodest === undefined) return findings;
  return [ok('no sysctl works against the drains')];
});

const DEFENCES = ['drop_entry', 'drop_packet', 'secure_tcp'];

export const DEFENCE = sysctlCheck('defences', (sysctl) => {
  const found = DEFENCES.flatMap((name): Finding[] => {
    const value = sysctl(name) ?? '0';
    if (value === '0') return [];
    const seen = `net.ipv4.vs.${name} is ${value}`;
    const why = 'It drops packets, or forgets connections, of clients that did no harm.';
    if (value === '3') return [warning(`${seen}: always on`, why, set(name, 0))];
    return [remark(`${seen}: on while memory is scarce`, why, set(name, 0))];
  });
  return found.length > 0 || sysctl('drop_entry') === undefined ? found : [ok('all are off')];
});

export const COUNTERS = sysctlCheck('counters', (sysctl) => {
  if (sysctl('run_estimation') !== '0') return [];
  return [
    remark(
      'net.ipv4.vs.run_estimation is 0',
      'The counters and rates of services and destinations stand still, also as metrics.',
      set('run_estimation', 1),
    ),
  ];
});

export const STRANGERS = sysctlCheck('packets out of order', (sysctl) => {
  const sloppy = ['sloppy_tcp', 'sloppy_sctp'].filter((name) => sysctl(name) === '1');
  return sloppy.map((name) =>
    remark(
      `net.ipv4.vs.${name} is 1`,
      'A packet in the middle of an unknown connection is scheduled like a new one. That is ' +
        'right for directors that share clients, and hides lost connections elsewhere.',
      set(name, 0),
    ),
  );
});

export const BACKUP = sysctlCheck('backup', (sysctl, { desired }) => {
  if (sysctl('backup_only') !== '1') return [];
  const isBackup = desired?.daemons?.some(({ role }) => role === 'backup') ?? true;
  if (!isBackup) return [];
  const why = 'While the backup sync daemon runs, this machine directs nothing.';
  return [remark('net.ipv4.vs.backup_only is 1', why, set('backup_only', 0))];
});

/** The share of the connection tracking's table from which on a warning is due. */
const FULL = 0.9;

export const CONNECTION_TRACKING = sysctlCheck('connection tracking', (sysctl, facts, settings) => {
  const count = Number(settings.get('net/netfilter/nf_conntrack_count'));
  const max = Number(settings.get('net/netfilter/nf_conntrack_max'));
  const isUsed = sysctl('conntrack') === '1' || ftpServices(facts.desired).length > 0;
  if (!isUsed || !(max > 0)) return [];
  const seen = `${count} of ${max} entries of connection tracking are used`;
  if (count < FULL * max) return [ok(seen)];
  return [
    warning(
      seen,
      'When the table is full, the kernel drops the packets of new connections.',
      run(`sysctl -w net.netfilter.nf_conntrack_max=${2 * max}`),
    ),
  ];
});

/** The sysctls of the files. */
export const WANTED = sysctlCheck('sysctls of the files', (sysctl, { desired, kernel, uid }) => {
  const policy = desired?.policy?.sysctls;
  // Without IPVS there are no sysctls yet.
  if (!policy || !kernel.ipvs.isKnown || !kernel.ipvs.value) return [];
  const missing = [...policy.values.keys()].filter((name) => sysctl(name) === undefined);
  const writes = policy.mode === 'enforce' ? writing(kernel.settingsRefusal, uid) : [];
  const findings: Finding[] = [...writes];
  if (missing.length > 0) {
    const seen = `this kernel has no sysctl ${listOf(missing.map(formatMissingSysctl))}`;
    const fix = advise('Take it out of sysctls, or use a kernel that has it.');
    findings.push(
      policy.mode === 'enforce'
        ? failure(seen, 'Because of it, `apply` and `watch` refuse the whole file.', fix)
        : warning(seen, 'Because of it, `check` and `watch` report a difference for ever.', fix),
    );
  }
  return findings.length > 0 ? findings : [ok(`this kernel has all ${policy.values.size}`)];
});

function writing(refusal: Facts['kernel']['settingsRefusal'], uid: number): Finding[] {
  const subject = 'whether sysctls below net.ipv4.vs can be written';
  if (!refusal.isKnown) return [notKnown(subject, refusal)];
  const code = refusal.value;
  if (code === undefined) return [];
  if (code !== 'EROFS' && uid !== 0)
    return [notKnown(subject, { isKnown: false, reason: `not by user ${uid}`, needsRoot: true })];
  return [
    failure(
      `sysctls below net.ipv4.vs may not be written here (${code})`,
      'The files want them to be written (mode: enforce).',
      advise(
        'Run the container with a writable /proc/sys, give the unit ' +
          'ReadWritePaths=/proc/sys/net/ipv4/vs, or write mode: check.',
      ),
    ),
  ];
}
