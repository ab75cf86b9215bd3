import type { Protocol } from '../model/service.ts';

/** Names of ports, as in /etc/services. */
export interface PortNames {
  port(name: string, protocol: Protocol): number | undefined;
  name(port: number, protocol: Protocol): string | undefined;
}

/**
 * Parses an /etc/services: lines of a name, `port/protocol`, aliases and a comment. The first line
 * that fits a name or a port wins.
 */
export function parsePortNames(text: string): PortNames {
  const ports = new Map<string, number>();
  const names = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [name, entry = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    const [, port, protocol] = /^(\d{1,5})\/(\w+)$/.exec(entry) ?? [];
    if (!name || port === undefined || protocol === undefined) continue;
    for (const word of [name, ...aliases])
      if (!ports.has(`${word}/${protocol}`)) ports.set(`${word}/${protocol}`, Number(port));
    if (!names.has(`${port}/${protocol}`)) names.set(`${port}/${protocol}`, name);
  }
  return {
    port: (name, protocol) => ports.get(`${name}/${protocol}`),
    name: (port, protocol) => names.get(`${port}/${protocol}`),
  };
}

/**
 * Names that mean the same port on every machine, by the registry of IANA and the files of the
 * usual distributions: a port, its name, and its other names.
 */
const WELL_KNOWN = `
  7 echo
  9 discard
  13 daytime
  19 chargen
  20 ftp-data
  21 ftp
  22 ssh
  23 telnet
  25 smtp mail
  37 time
  43 whois nicname
  49 tacacs
  53 domain
  67 bootps
  68 bootpc
  69 tftp
  70 gopher
  79 finger
  80 http www www-http
  88 kerberos kerberos5 krb5 kerberos-sec
  102 iso-tsap
  109 pop2
  110 pop3 pop-3
  111 sunrpc portmapper rpcbind
  113 auth ident
  119 nntp
  123 ntp
  135 epmap
  137 netbios-ns
  138 netbios-dgm
  139 netbios-ssn
  143 imap imap2
  161 snmp
  162 snmptrap snmp-trap
  177 xdmcp
  179 bgp
  194 irc
  389 ldap
  427 svrloc
  443 https
  445 microsoft-ds
  464 kpasswd
  465 smtps submissions urd
  500 isakmp
  515 printer
  543 klogin
  544 kshell
  546 dhcpv6-client
  547 dhcpv6-server
  548 afpovertcp
  554 rtsp
  563 nntps
  587 submission
  631 ipp
  636 ldaps
  646 ldp
  749 kerberos-adm
  853 domain-s
  873 rsync
  989 ftps-data
  990 ftps
  992 telnets
  993 imaps
  995 pop3s
  1080 socks
  1099 rmiregistry
  1194 openvpn
  1352 lotusnote
  1433 ms-sql-s
  1434 ms-sql-m
  1701 l2tp
  1812 radius
  1813 radius-acct radacct
  2049 nfs
  3128 squid
  3260 iscsi-target
  3306 mysql
  3389 ms-wbt-server
  3690 svn
  4190 sieve
  4500 ipsec-nat-t
  5060 sip
  5061 sips sip-tls
  5222 xmpp-client
  5269 xmpp-server
  5353 mdns
  5432 postgresql postgres
  5671 amqps
  5672 amqp
  6379 redis
  6514 syslog-tls
  8080 http-alt webcache
  8443 pcsync-https
  9418 git
  10050 zabbix-agent
  10051 zabbix-trapper
  11211 memcache
`;

let wellKnown: ReadonlyMap<string, number> | undefined;

/** The port of a name that means the same on every machine, with every protocol. */
export function wellKnownPort(name: string): number | undefined {
  wellKnown ??= new Map(
    WELL_KNOWN.trim()
      .split('\n')
      .map((line) => line.trim().split(' '))
      .flatMap(([port, ...names]) => names.map((each): [string, number] => [each, Number(port)])),
  );
  return wellKnown.get(name);
}
