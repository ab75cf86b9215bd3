import type { Kinds } from './context.ts';

/* Statements of keepalived that have no counterpart, by the block that they stand in. */

export const CHECK = 'write health in the new file: `ipvstate help health-checks`';

const NO_TIMING = { kind: 'timing of health checks', hint: CHECK, isOfChecks: true } as const;
const ALPHA = {
  kind: 'alpha, which waits for a health check',
  hint: 'the servers are in the table from the start, with their weights',
  isOfChecks: true,
} as const;
const SCRIPT = { kind: 'notify script' };
const ALERT = { kind: 'mail alert' };

/** Keywords of older versions, and of forks. keepalived warns of them, and goes on. */
const OBSOLETE: Kinds = Object.fromEntries(
  ['nat_mask', 'net_mask', 'laddr_group_name', 'syn_proxy', 'est_timeout', 'establish_timeout'].map(
    (keyword) => [
      keyword,
      { kind: `${keyword}, which no keepalived of today knows`, hint: 'it has no effect' },
    ],
  ),
);

const IN_BOTH: Kinds = {
  delay_loop: NO_TIMING,
  retry: NO_TIMING,
  nb_get_retry: NO_TIMING,
  delay_before_retry: NO_TIMING,
  warmup: NO_TIMING,
  connect_timeout: NO_TIMING,
  alpha: ALPHA,
  inhibit_on_failure: { kind: 'inhibit_on_failure', isOfChecks: true },
  smtp_alert: ALERT,
  virtualhost: { kind: 'virtual host of health checks', hint: CHECK, isOfChecks: true },
  ...OBSOLETE,
};

const QUORUM = { kind: 'quorum' };

export const IN_VIRTUAL_SERVER: Kinds = {
  ...IN_BOTH,
  omega: { kind: 'omega' },
  quorum: QUORUM,
  hysteresis: QUORUM,
  quorum_up: SCRIPT,
  quorum_down: SCRIPT,
  ha_suspend: { kind: 'ha_suspend' },
};

export const CHECKS: readonly string[] = [
  ...['TCP_CHECK', 'HTTP_GET', 'SSL_GET', 'SMTP_CHECK', 'DNS_CHECK', 'MISC_CHECK'],
  ...['PING_CHECK', 'UDP_CHECK', 'FILE_CHECK', 'BFD_CHECK', 'PGSQL_CHECK'],
];

export const IN_REAL_SERVER: Kinds = {
  ...IN_BOTH,
  notify_up: SCRIPT,
  notify_down: SCRIPT,
  snmp_name: { kind: 'name of a real server for SNMP' },
  track_file: { kind: 'track_file', hint: CHECK },
  ...Object.fromEntries(
    CHECKS.map((name) => [name, { kind: name, hint: CHECK, isOfChecks: true }]),
  ),
};

const NETNS = { kind: 'network namespace', hint: 'name it on the command line: --netns NAME' };
const ITSELF = { kind: 'setting of keepalived itself' };
const VRRP_HINT = 'ipvstate does not move addresses: keepalived can stay for that';
const vrrp = (keyword: string) => ({ kind: keyword, hint: VRRP_HINT });

export const AT_THE_TOP: Kinds = {
  net_namespace: NETNS,
  net_namespace_ipvs: NETNS,
  ...Object.fromEntries(
    [
      ...['vrrp_instance', 'vrrp_sync_group', 'vrrp_script', 'vrrp_track_process'],
      ...['vrrp_track_file', 'static_ipaddress', 'static_routes', 'static_rules'],
      ...['track_group', 'garp_group', 'bfd_instance', 'interface_up_down_delays'],
    ].map((keyword) => [keyword, vrrp(keyword)]),
  ),
  track_file: { kind: 'track_file', hint: CHECK },
  SSL: { kind: 'settings of health checks with TLS' },
  ...Object.fromEntries(
    [
      ...['instance', 'use_pid_dir', 'child_wait_time', 'namespace_with_ipsets'],
      ...['linkbeat_use_polling', 'linkbeat_interfaces'],
    ].map((keyword) => [keyword, ITSELF]),
  ),
  local_address_group: {
    kind: 'local_address_group, which belongs to a fork',
    hint: 'Linux has no FULLNAT',
  },
};

export const IN_GLOBAL_DEFS: Kinds = {
  lvs_flush: {
    kind: 'lvs_flush',
    hint: 'apply removes every service that the file does not have, unless it says what to manage',
  },
  lvs_flush_on_stop: { kind: 'lvs_flush_on_stop', hint: 'the table stays when ipvstate ends' },
  lvs_flush_onstop: { kind: 'lvs_flush_on_stop', hint: 'the table stays when ipvstate ends' },
  net_namespace: NETNS,
  net_namespace_ipvs: NETNS,
};

/** Settings of `global_defs` that say nothing about the table. */
export const ITS_OWN = ITSELF;
