import type { Family } from '../../model/address.ts';
import { serviceFamily } from '../../model/service.ts';
import { desiredDestinations, ofFamily, remoteDestinations } from '../desired-parts.ts';
import type { Check, Facts } from '../facts.ts';
import { advise, type Finding, failure, listOf, notKnown, ok, run, warning } from '../finding.ts';

/** The machine routes the answers of `masq` servers back to the clients. */
export const FORWARDING: Check = {
  name: 'forwarding',
  examine: (facts) => [
    ...forwardingOf('ipv4', 'net.ipv4.ip_forward', facts),
    ...forwardingOf('ipv6', 'net.ipv6.conf.all.forwarding', facts),
  ],
};

function forwardingOf(family: Family, sysctl: string, facts: Facts): Finding[] {
  const { settings } = facts.kernel;
  const servers = ofFamily(remoteDestinations(facts, 'masq'), family);
  if (servers.length === 0) return [];
  if (!settings.isKnown) return [notKnown(sysctl, settings)];
  const value = settings.value.get(sysctl.replaceAll('.', '/'));
  // Without IPv6, another check has said so.
  if (value === undefined) return [];
  if (value !== '0') return [ok(`${sysctl} is ${value}`)];
  const forwarding = [...settings.value]
    .filter(([name, each]) => isForwardingOf(family, name) && each !== '0')
    .map(([name]) => name.split('/')[3] ?? '');
  const names = [...new Set(servers.map(({ destination }) => destination.key as string))];
  const why =
    `The answers of ${listOf(names)} (masq) come to this machine, which has to pass them on ` +
    'to the clients.';
  const cost =
    family === 'ipv4'
      ? ''
      : ' A machine that forwards ignores router advertisements, unless accept_ra of the ' +
        'interface is 2.';
  const fix = run(`sysctl -w ${sysctl}=1`);
  if (forwarding.length > 0)
    return [warning(`${sysctl} is 0; only ${listOf(forwarding)} may forward`, why + cost, fix)];
  return [failure(`${sysctl} is 0`, `${why} It drops them.${cost}`, fix)];
}

/** The entries `all` and `default`, and the loopback interface, forward nothing themselves. */
function isForwardingOf(family: Family, name: string): boolean {
  const [, ip, conf, entry = '', last] = name.split('/');
  const isInterface = !['all', 'default', 'lo'].includes(entry);
  return ip === family && conf === 'conf' && last === 'forwarding' && isInterface;
}

export const IPV6: Check = {
  name: 'IPv6',
  examine: ({ desired, kernel: { hasIPv6, settings } }) => {
    const services = [...(desired?.services.values() ?? [])]
      .filter(({ service }) => serviceFamily(service.identity) === 'ipv6')
      .map(({ service }) => service.key as string);
    const servers = [...desiredDestinations(desired, 'masq', 'route', 'tunnel')];
    const users = [
      ...services,
      ...ofFamily(servers, 'ipv6').map(({ destination }) => destination.key as string),
    ];
    if (users.length === 0) return [];
    if (!hasIPv6.isKnown) return [notKnown('whether this kernel has IPv6', hasIPv6)];
    if (!hasIPv6.value)
      return [
        failure(
          'this kernel has no IPv6',
          `It refuses ${listOf(users)}.`,
          advise('Start the machine without ipv6.disable=1, or load the module ipv6.'),
        ),
      ];
    if (!settings.isKnown) return [notKnown('net.ipv6.conf.all.disable_ipv6', settings)];
    if (settings.value.get('net/ipv6/conf/all/disable_ipv6') !== '1') return [ok('IPv6 is on')];
    return [
      warning(
        'net.ipv6.conf.all.disable_ipv6 is 1',
        `The kernel takes ${listOf(users)}, and no packet of IPv6 comes in or goes out.`,
        run('sysctl -w net.ipv6.conf.all.disable_ipv6=0'),
      ),
    ];
  },
};
