import type { DestinationHealth, HealthCheck } from '../../model/health.ts';
import type { ServiceKey } from '../../model/service.ts';
import { type Answer, good, type Target, unknown } from './answer.ts';
import type { Commands, OnTurn } from './check-command.ts';
import { checkDns } from './check-dns.ts';
import { checkHttp } from './check-http.ts';
import { checkTcp } from './check-tcp.ts';
import { checkUdp } from './check-udp.ts';

/** The reason of a check by a program that may not be run. */
export const NOT_RUN = 'the command is not run without --allow-commands';

/**
 * Runs the checks of a destination one after the other. The first that does not hold decides. A
 * command is left out where none may be run: `commands` is undefined.
 */
export async function runChecks(
  { checks, port, from, timeoutSeconds }: DestinationHealth,
  destination: Pick<Target, 'address' | 'port'>,
  service: ServiceKey,
  commands: Commands | undefined,
  onTurn?: OnTurn,
): Promise<Answer> {
  const { address } = destination;
  const target = { address, port: port ?? destination.port, from, timeoutSeconds };
  let last: Answer | undefined;
  for (const check of checks) {
    if (check.kind === 'command' && !commands) continue;
    last = await runCheck(check, target, service, commands, onTurn);
    if (last.verdict !== 'good') return last;
  }
  if (commands || !checks.some(isCommand)) return last ?? good('');
  return last ? good(`${last.reason}; ${NOT_RUN}`) : unknown(NOT_RUN);
}

/** Tells whether a check runs a program. */
export function isCommand({ kind }: HealthCheck): boolean {
  return kind === 'command';
}

async function runCheck(
  check: HealthCheck,
  target: Target,
  service: ServiceKey,
  commands: Commands | undefined,
  onTurn: OnTurn | undefined,
): Promise<Answer> {
  switch (check.kind) {
    case 'tcp':
      return checkTcp(target);
    case 'http':
      return checkHttp(check, target);
    case 'udp':
      return checkUdp(check, target);
    case 'dns':
      return checkDns(check, target);
    case 'command':
      return commands?.run(check, service, target, onTurn) ?? unknown(NOT_RUN);
    default:
      return check satisfies never;
  }
}
