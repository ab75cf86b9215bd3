import type { TunnelType } from '../../../model/destination.ts';
import { type Failure, failure } from './failure.ts';
import type { OptionName } from './options.ts';
import type { OptionValues } from './read-options.ts';

type TunnelOption = 'tun-port' | 'tun-nocsum' | 'tun-csum' | 'tun-remcsum';
type Rule = 'required' | 'exclusive' | undefined;

/**
 * The options of each type of tunnel; undefined forbids one. The order is the order in which
 * ipvsadm looks for violations.
 */
const RULES: Readonly<Record<TunnelType, Readonly<Record<TunnelOption, Rule>>>> = {
  ipip: {
    'tun-port': undefined,
    'tun-nocsum': undefined,
    'tun-csum': undefined,
    'tun-remcsum': undefined,
  },
  gue: {
    'tun-port': 'required',
    'tun-nocsum': 'exclusive',
    'tun-csum': 'exclusive',
    'tun-remcsum': 'exclusive',
  },
  gre: {
    'tun-port': undefined,
    'tun-nocsum': 'exclusive',
    'tun-csum': 'exclusive',
    'tun-remcsum': undefined,
  },
};

export const TUNNEL_OPTIONS: readonly OptionName[] = [
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
];

/** Refuses the first option that the type of the tunnel lacks or must not have. */
export function checkTunnel(values: OptionValues): Failure | undefined {
  const type = (values.texts['tun-type'] ?? 'ipip') as TunnelType;
  let exclusive: TunnelOption | undefined;
  for (const [option, rule] of Object.entries(RULES[type]) as [TunnelOption, Rule][]) {
    const word = values.words.get(option);
    if (word === undefined) {
      if (rule === 'required')
        return failure(`You need to supply the '${option}' option for the '${type}' tunnel type`);
    } else if (rule === undefined) {
      return failure(`Illegal '${option}' option with the '${type}' tunnel type`, word);
    } else if (rule === 'exclusive') {
      if (exclusive)
        return failure(
          `The option '${option}' conflicts with the '${exclusive}' option in the '${type}' tunnel type`,
          word,
        );
      exclusive = option;
    }
  }
  return undefined;
}
