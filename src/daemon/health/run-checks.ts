import type { DestinationHealth, HealthCheck } from '../../model/health.ts';
import { type Answer, good, type Target } from './answer.ts';
import { checkDns } from './check-dns.ts';
import { checkHttp } from './check-http.ts';
import { checkTcp } from './check-tcp.ts';
import { checkUdp } from './check-udp.ts';

/** Runs the checks of a destination one after the other. The first that does not hold decides. */
export async function runChecks(
  { checks, port, from, timeoutSeconds }: DestinationHealth,
  destination: Pick<Target, 'address' | 'port'>,
): Promise<Answer> {
  const { address } = destination;
  const target = { address, port: port ?? destination.port, from, timeoutSeconds };
  let last = good('');
  for (const check of checks) {
    last = await runCheck(check, target);
    if (last.verdict !== 'good') return last;
  }
  return last;
}

function runCheck(check: HealthCheck, target: Target): Promise<Answer> {
  switch (check.kind) {
    case 'tcp':
      return checkTcp(target);
    case 'http':
      return checkHttp(check, target);
    case 'udp':
      return checkUdp(check, target);
    case 'dns':
      return checkDns(check, target);
    default:
      return check satisfies never;
  }
}
