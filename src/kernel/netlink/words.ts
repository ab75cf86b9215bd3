import type { Family } from '../../model/address.ts';
import type { Forward, TunnelChecksum, TunnelType } from '../../model/destination.ts';
import type { Protocol } from '../../model/service.ts';
import type { DaemonRole } from '../../model/settings.ts';
import * as uapi from './uapi.ts';

/** The model's words for one kernel constant, in both directions. */
interface Words<Word extends string> {
  readonly numbers: Readonly<Record<Word, number>>;
  /** Returns undefined for a number that has no word in the model. */
  wordOf(number: number): Word | undefined;
}

function words<Word extends string>(numbers: Readonly<Record<Word, number>>): Words<Word> {
  const byNumber = new Map(
    Object.entries<number>(numbers).map(([word, number]) => [number, word as Word]),
  );
  return { numbers, wordOf: (number) => byNumber.get(number) };
}

export const FAMILY = words<Family>({ ipv4: uapi.AF_INET, ipv6: uapi.AF_INET6 });

export const PROTOCOL = words<Protocol>({
  tcp: uapi.IPPROTO_TCP,
  udp: uapi.IPPROTO_UDP,
  sctp: uapi.IPPROTO_SCTP,
});

export const FORWARD = words<Forward>({
  masq: uapi.IP_VS_CONN_F_MASQ,
  tunnel: uapi.IP_VS_CONN_F_TUNNEL,
  route: uapi.IP_VS_CONN_F_DROUTE,
});

export const TUNNEL_TYPE = words<TunnelType>({
  ipip: uapi.IP_VS_CONN_F_TUNNEL_TYPE_IPIP,
  gue: uapi.IP_VS_CONN_F_TUNNEL_TYPE_GUE,
  gre: uapi.IP_VS_CONN_F_TUNNEL_TYPE_GRE,
});

export const TUNNEL_CHECKSUM = words<TunnelChecksum>({
  none: uapi.IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM,
  csum: uapi.IP_VS_TUNNEL_ENCAP_FLAG_CSUM,
  remcsum: uapi.IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM,
});

export const DAEMON_ROLE = words<DaemonRole>({
  master: uapi.IP_VS_STATE_MASTER,
  backup: uapi.IP_VS_STATE_BACKUP,
});
