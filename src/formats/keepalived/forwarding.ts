import type { DestinationSettings, TunnelType } from '../../model/destination.ts';
import { TUNNEL_TYPES } from '../../model/destination.ts';
import { nearest } from '../../model/nearest.ts';
import type { Context } from './context.ts';
import type { Statement } from './tree.ts';
import { readNumber } from './values.ts';

export type Forwarding = Pick<
  DestinationSettings,
  'forward' | 'tunnelType' | 'tunnelPort' | 'tunnelChecksum'
>;

const METHODS = { NAT: 'masq', DR: 'route', TUN: 'tunnel' } as const;
const CHECKSUMS = { nocsum: 'none', csum: 'csum', remcsum: 'remcsum' } as const;
const NO_TUNNEL = { tunnelType: 'ipip', tunnelPort: 0, tunnelChecksum: 'none' } as const;

/** The forwarding of a server that names none: keepalived takes NAT. */
export const DEFAULT_FORWARDING: Forwarding = { forward: 'masq', ...NO_TUNNEL };

const isOf = <Table extends object>(table: Table, key: string): key is keyof Table & string =>
  Object.hasOwn(table, key);

/** Reads `lvs_method TUN type gue port 6080 nocsum`. Returns undefined after reporting an error. */
export function readForwarding(statement: Statement, context: Context): Forwarding | undefined {
  const { report } = context;
  const { keyword, words, position } = statement;
  const [method, ...options] = words;
  if (!method || !isOf(METHODS, method.text)) {
    const found = method ? `${JSON.stringify(method.text)} is not` : `${keyword} lacks`;
    const message = `${found} a forwarding method`;
    const code = method ? 'BAD_VALUE' : 'MISSING_KEY';
    const fork = method?.text === 'FNAT' || method?.text === 'FULLNAT';
    const hint = fork
      ? `${method.text} belongs to a fork of IPVS: Linux has NAT, DR and TUN`
      : 'write NAT, DR or TUN';
    report(code, message, method?.position ?? position, { hint });
    return undefined;
  }
  let { tunnelType, tunnelPort, tunnelChecksum }: Omit<Forwarding, 'forward'> = NO_TUNNEL;
  for (let index = 0; index < options.length; index++) {
    const option = options[index];
    const value = options[index + 1];
    if (option?.text === 'type') {
      const type = TUNNEL_TYPES.find((known) => known === value?.text);
      if (!type) {
        const hint = `write ${TUNNEL_TYPES.join(', ')}`;
        report('TUNNEL', 'this is not a type of tunnel', (value ?? option).position, { hint });
        return undefined;
      }
      tunnelType = type;
      index++;
    } else if (option?.text === 'port') {
      const port = readNumber(value, 'a tunnel port', { min: 1, max: 65_535 }, option, context);
      if (port === undefined) return undefined;
      tunnelPort = port;
      index++;
    } else if (option && isOf(CHECKSUMS, option.text)) {
      tunnelChecksum = CHECKSUMS[option.text];
    } else if (option) {
      const names = ['type', 'port', ...Object.keys(CHECKSUMS)];
      const near = nearest(option.text, names)[0];
      const hint = near === undefined ? `known: ${names.join(', ')}` : `did you mean "${near}"?`;
      const message = `${JSON.stringify(option.text)} is not an option of a tunnel`;
      report('TUNNEL', message, option.position, { hint });
      return undefined;
    }
  }
  const forwarding = { forward: METHODS[method.text], tunnelType, tunnelPort, tunnelChecksum };
  const problem = refuseTunnel(forwarding, options.length > 0);
  if (problem === undefined) return forwarding;
  report('TUNNEL', problem, position);
  return undefined;
}

/** Returns the reason why keepalived ignores a statement about a tunnel. */
function refuseTunnel(
  { forward, tunnelType, tunnelPort, tunnelChecksum }: Forwarding,
  hasOptions: boolean,
): string | undefined {
  if (forward !== 'tunnel') return hasOptions ? 'only TUN has options' : undefined;
  if (tunnelType === 'gue' && tunnelPort === 0) return 'a gue tunnel needs a port';
  if (tunnelType !== 'gue' && tunnelPort !== 0) return 'only a gue tunnel has a port';
  return lacksChecksum(tunnelType, tunnelChecksum)
    ? `a tunnel of type ${tunnelType} has no ${tunnelChecksum}`
    : undefined;
}

function lacksChecksum(type: TunnelType, checksum: Forwarding['tunnelChecksum']): boolean {
  return type === 'ipip' ? checksum !== 'none' : type === 'gre' && checksum === 'remcsum';
}
