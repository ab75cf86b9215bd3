import type { Daemon, Timeouts } from '../model/settings.ts';

/** `ipvsadm -L --timeout` */
export function formatTimeoutListing(timeouts: Timeouts): string {
  return `Timeout (tcp tcpfin udp): ${timeouts.tcp} ${timeouts.tcpFin} ${timeouts.udp}\n`;
}

/** `ipvsadm -L --daemon`: a line for each; nothing when none runs. */
export function formatDaemonListing(daemons: readonly Daemon[]): string {
  return daemons.map(formatDaemon).join('');
}

function formatDaemon(daemon: Daemon): string {
  const words = [`mcast=${daemon.interface}`, `syncid=${daemon.syncId}`];
  if (daemon.maxLength !== 0) words.push(`maxlen=${daemon.maxLength}`);
  if (daemon.group !== undefined) words.push(`group=${daemon.group}`);
  if (daemon.port !== 0) words.push(`port=${daemon.port}`);
  if (daemon.ttl !== 0) words.push(`ttl=${daemon.ttl}`);
  return `${daemon.role} sync daemon (${words.join(', ')})\n`;
}
