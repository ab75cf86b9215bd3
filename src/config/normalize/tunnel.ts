import {
  DEFAULT_DESTINATION_SETTINGS,
  type DestinationSettings,
  type Forward,
} from '../../model/destination.ts';
import type { Report } from '../finding.ts';
import { keyPlace } from './layers.ts';
import { placeOf, type WrittenDestination } from './written-destination.ts';

type TunnelSettings = Pick<DestinationSettings, 'tunnelType' | 'tunnelPort' | 'tunnelChecksum'>;

const { tunnelType, tunnelPort, tunnelChecksum } = DEFAULT_DESTINATION_SETTINGS;
export const NO_TUNNEL: TunnelSettings = { tunnelType, tunnelPort, tunnelChecksum };

/**
 * Reads the tunnel block of a destination. It may combine the settings that ipvsadm's `--tun-*`
 * options may. Returns undefined after reporting an error.
 */
export function normalizeTunnel(
  written: WrittenDestination,
  forward: Forward,
  report: Report,
): TunnelSettings | undefined {
  const { override, keys } = written;
  const own = typeof written.item === 'string' ? undefined : written.item.tunnel;
  const where =
    override?.tunnel !== undefined ? 'override' : own !== undefined ? 'item' : 'inherited';
  const block = keys.tunnel ?? {};
  const place = placeOf(written, where, 'tunnel');
  if (forward !== 'tunnel') {
    // A reference to the pool with another forwarding method replaces the tunnel of the pool's
    // item.
    if (where === 'item' && override?.forward !== undefined) return NO_TUNNEL;
    const message = `a tunnel block has no meaning with forward: ${forward}`;
    report({
      code: 'TUNNEL',
      severity: 'error',
      message,
      place: keyPlace(place),
      hint: 'write forward: tunnel, or remove it',
    });
    return undefined;
  }
  const type = block.type ?? NO_TUNNEL.tunnelType;
  const checksum = block.checksum ?? NO_TUNNEL.tunnelChecksum;
  let problem: { readonly message: string; readonly hint: string } | undefined;
  if (type === 'gue' && block.port === undefined)
    problem = {
      message: 'a gue tunnel needs a port',
      hint: 'write port: 6080, or that of the receiver',
    };
  else if (type !== 'gue' && block.port !== undefined)
    problem = {
      message: `a tunnel of type ${type} has no port`,
      hint: 'write type: gue, or remove the port',
    };
  else if (type === 'ipip' && checksum !== 'none')
    problem = {
      message: 'a tunnel of type ipip has no checksum',
      hint: 'write type: gue or gre, or remove it',
    };
  else if (type === 'gre' && checksum === 'remcsum')
    problem = {
      message: 'a tunnel of type gre cannot have a remote checksum',
      hint: 'write checksum: csum',
    };
  if (problem) {
    report({ code: 'TUNNEL', severity: 'error', place, ...problem });
    return undefined;
  }
  return { tunnelType: type, tunnelPort: block.port ?? 0, tunnelChecksum: checksum };
}
