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
import type { Given } from './given.ts';
import type { OptionName } from './options.ts';
import { checkTunnel, TUNNEL_OPTIONS } from './tunnel.ts';

/** The complete destination that `-a`, `-e` or `-d` describes: whatever is not given has its default. */
export function buildServer(given: Given, command: CommandName): Destination | Failure {
  const { service, server } = given;
  if (!service || !server)
    throw new Error('the matrix lets no command without a service and a server through');
  const servicePort = service.kind === 'address' ? service.port : 0;
  const address = server.address;
  const forward = givenForward(given);
  if (command === 'delete-server') {
    const port = server.port ?? servicePort;
    return { ...DEFAULT_DESTINATION_SETTINGS, key: destinationKey(address, port), address, port };
  }
  if (!reaches(forward, service, address)) {
    return failure(
      'Different address family is allowed only for tunneling servers',
      given.words.get('real-server'),
    );
  }
  const refusal = forward === 'tunnel' ? checkTunnel(given) : refuseTunnelOptions(given);
  if (isFailure(refusal)) return refusal;
  const copiesPort = keepsPort(service, forward);
  if (copiesPort && server.port !== undefined && server.port !== servicePort)
    cautionPort(given, server.port, servicePort, forward);
  const port = copiesPort ? servicePort : (server.port ?? servicePort);
  return {
    key: destinationKey(address, port),
    address,
    port,
    forward,
    ...givenNumbers(given),
    tunnelType: (given.texts['tun-type'] as TunnelType | undefined) ?? 'ipip',
    tunnelPort: given.numbers['tun-port'] ?? 0,
    tunnelChecksum: givenChecksum(given),
  };
}

function givenNumbers(given: Given): DestinationNumbers {
  const numbers: Partial<Record<keyof DestinationNumbers, number>> = {};
  for (const { key, option, default: fallback } of DESTINATION_NUMBERS)
    numbers[key] = given.numbers[option as OptionName] ?? fallback;
  return numbers as DestinationNumbers;
}

const FORWARDS: Readonly<Record<string, Forward>> = {
  gatewaying: 'route',
  ipip: 'tunnel',
  masquerading: 'masq',
};

function givenForward(given: Given): Forward {
  return FORWARDS[given.texts['forwarding-method'] ?? ''] ?? 'route';
}

function givenChecksum(given: Given): TunnelChecksum {
  if (given.words.has('tun-csum')) return 'csum';
  return given.words.has('tun-remcsum') ? 'remcsum' : 'none';
}

function refuseTunnelOptions(given: Given): Failure | undefined {
  const option = TUNNEL_OPTIONS.find((name: OptionName) => given.words.has(name));
  return option && failure('Tunnel options conflict with forward method', given.words.get(option));
}

function cautionPort(given: Given, port: number, servicePort: number, forward: Forward): void {
  const message = `port ${port} is replaced by the service's port ${servicePort}: '${forward}' cannot change ports, only -m can`;
  given.cautions.push({ code: 'PORT', message, word: given.words.get('real-server') ?? 0 });
}
