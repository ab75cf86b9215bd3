import { formatDuration } from '../../model/duration.ts';
import { isUdpService, type ServiceKey } from '../../model/service.ts';
import type { Table } from '../../model/table.ts';
import type { Scoped } from '../scope.ts';
import type { Drain, OverdueDrain } from './drain.ts';

type DrainsOfPlan = Pick<Scoped, 'table' | 'drains' | 'overdue'>;

/**
 * Returns what the sysctls do to the drains of a plan, each in a sentence, with the value that
 * helps. The desired sysctls count where there are some: they are written first. A sentence stays
 * the same for as long as its drain goes on.
 */
export function drainWarnings(planned: DrainsOfPlan, live: Table): string[] {
  const { table: desired, drains, overdue } = planned;
  const sysctl = (name: string): string | undefined =>
    desired.sysctls?.get(name) ?? live.sysctls?.get(name);
  const warnings: string[] = [];
  const persistent = servicesOf(drains.filter(({ service }) => isPersistent(service, desired)));
  if (sysctl('expire_quiescent_template') === '0' && persistent !== '')
    warnings.push(
      `persistent clients keep coming to what drains of ${persistent}, ` +
        'because net.ipv4.vs.expire_quiescent_template is 0',
    );
  const nodest = sysctl('expire_nodest_conn');
  if (nodest === '1' && [...drains, ...overdue].some(({ service }) => !isUdpService(service)))
    warnings.push(
      'connections that are left when a drain ends are reset, ' +
        'because net.ipv4.vs.expire_nodest_conn is 1',
    );
  return nodest === '0' ? [...warnings, ...silences(planned)] : warnings;
}

/** The kernel remembers a closed connection of TCP for so long (TIME_WAIT), whatever is set. */
const TIME_WAIT_SECONDS = 120;

/**
 * Returns who gets no answer after a deletion. With `expire_nodest_conn` 0, the kernel drops every
 * packet of a connection that it remembers of a deleted destination. A new connection from the same
 * port is dropped as well where its service is persistent, or the old connection was not closed by
 * both sides (kernel: is_new_conn_expected).
 */
function silences({ table, drains, overdue }: DrainsOfPlan): string[] {
  const { tcp, tcpFin, udp } = table.timeouts;
  const closed = Math.max(TIME_WAIT_SECONDS, tcpFin);
  const remembered = drains.filter((drain) => drain.remembered > 0);
  const flows = remembered.filter(({ service }) => isUdpService(service));
  const others = remembered.filter(({ service }) => !isUdpService(service));
  const persistent = others.filter(({ service }) => isPersistent(service, table));
  const short = others.filter(
    (drain) => !persistent.includes(drain) && drain.secondsLeft < drain.lingerSeconds,
  );
  const overdueFlows = overdue.filter(({ service }) => isUdpService(service));
  const overdueConnections = overdue.filter(({ service }) => !isUdpService(service));
  return [
    silence(overdueFlows, `the drain is over, and ${countOf(overdueFlows, 'flow')} of`, '', udp),
    silence(
      overdueConnections,
      `the drain is over, and ${countOf(overdueConnections, 'connection')} of`,
      '',
      tcp,
      'resets them',
    ),
    silence(flows, 'flows of', ' that go on until the drain ends then', udp),
    silence(
      persistent,
      'persistent clients of',
      ' that use the port of an earlier connection again stay with what drains, and afterwards',
      closed,
    ),
    silence(
      short,
      'the drain ends before closed connections are forgotten: clients of',
      ' that use the port of one again',
      closed,
    ),
  ].flat();
}

function silence(
  drains: readonly (Drain | OverdueDrain)[],
  subject: string,
  which: string,
  seconds: number,
  remedy = 'sends them to another server',
): string[] {
  if (drains.length === 0) return [];
  return [
    `${subject} ${servicesOf(drains)}${which} get no answer for up to ${formatDuration(seconds)}, ` +
      `because net.ipv4.vs.expire_nodest_conn is 0; 1 ${remedy}`,
  ];
}

function servicesOf(drains: readonly { readonly service: ServiceKey }[]): string {
  return [...new Set(drains.map(({ service }) => service))].join(', ');
}

function countOf(overdue: readonly OverdueDrain[], noun: string): string {
  const count = overdue.reduce((sum, { connections }) => sum + connections, 0);
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function isPersistent(service: ServiceKey, { services }: Table): boolean {
  return services.get(service)?.service.persistent ?? false;
}
