import {
  DEFAULT_DESTINATION_SETTINGS,
  DESTINATION_NUMBERS,
  type Destination,
  type DestinationNumbers,
  destinationKey,
  type Forward,
  type TunnelChecksum,
  type TunnelType,
} from '../../../model/destination.ts';
import { keepsPort, reaches } from '../../../model/rules.ts';
import type { CommandName } from './commands.ts';
import { type Failure, failure, isFailure } from './failure.ts';
import type { OptionName } from './options.ts';
import type { OptionValues } from './read-options.ts';
import { checkTunnel, TUNNEL_OPTIONS } from './tunnel.ts';

/** The destination of `-a`, `-e` or `-d`. A setting without an option has its default. */
export function buildServer(values: OptionValues, command: CommandName): Destination | Failure {
  const { service, server } = values;
  if (!service || !server) throw new Error('a command without a service or a server was accepted');
  const servicePort = service.kind === 'address' ? service.port : 0;
  const address = server.address;
  const forward = forwardOf(values);
  if (command === 'delete-server') {
    const port = server.port ?? servicePort;
    return { ...DEFAULT_DESTINATION_SETTINGS, key: destinationKey(address, port), address, port };
  }
  if (!reaches(forward, service, address)) {
    return failure(
      'Different address family is allowed only for tunneling servers',
      values.words.get('real-server'),
    );
  }
  const refusal = forward === 'tunnel' ? checkTunnel(values) : refuseTunnelOptions(values);
  if (isFailure(refusal)) return refusal;
  const copiesPort = keepsPort(service, forward);
  if (copiesPort && server.port !== undefined && server.port !== servicePort)
    cautionPort(values, server.port, servicePort, forward);
  const port = copiesPort ? servicePort : (server.port ?? servicePort);
  return {
    key: destinationKey(address, port),
    address,
    port,
    forward,
    ...numbersOf(values),
    tunnelType: (values.texts['tun-type'] as TunnelType | undefined) ?? 'ipip',
    tunnelPort: values.numbers['tun-port'] ?? 0,
    tunnelChecksum: checksumOf(values),
  };
}

function numbersOf(values: OptionValues): DestinationNumbers {
  const numbers: Partial<Record<keyof DestinationNumbers, number>> = {};
  for (const { key, option, default: fallback } of DESTINATION_NUMBERS)
    numbers[key] = values.numbers[option as OptionName] ?? fallback;
  return numbers as DestinationNumbers;
}

const FORWARDS: Readonly<Record<string, Forward>> = {
  gatewaying: 'route',
  ipip: 'tunnel',
  masquerading: 'masq',
};

function forwardOf(values: OptionValues): Forward {
  return FORWARDS[values.texts['forwarding-method'] ?? ''] ?? 'route';
}

function checksumOf(values: OptionValues): TunnelChecksum {
  if (values.words.has('tun-csum')) return 'csum';
  return values.words.has('tun-remcsum') ? 'remcsum' : 'none';
}

function refuseTunnelOptions(values: OptionValues): Failure | undefined {
  const option = TUNNEL_OPTIONS.find((name: OptionName) => values.words.has(name));
  return option && failure('Tunnel options conflict with forward method', values.words.get(option));
}

function cautionPort(
  values: OptionValues,
  port: number,
  servicePort: number,
  forward: Forward,
): void {
  const reason = `'${forward}' cannot change ports, only -m can`;
  const message = `port ${port} is replaced by the service's port ${servicePort}: ${reason}`;
  values.cautions.push({ code: 'PORT', message, word: values.words.get('real-server') ?? 0 });
}
