import type { Family } from '../../../model/address.ts';
import type { Protocol } from '../../../model/service.ts';
import { isIPv6HostPort } from './service-address.ts';
import { isCommandWord, type Token } from './words.ts';

/** What other values depend on, known before any of them is read, so that the order of the options does not matter. */
export interface ServiceContext {
  readonly family: Family;
  /** Of port names; `tcp` for marks. */
  readonly protocol: Protocol;
}

export function findServiceContext(tokens: readonly Token[]): ServiceContext {
  const options = tokens.filter((token) => token.kind === 'option');
  const service = options.find(
    (token) => !isCommandWord(token.option) && token.option.name === 'service-address',
  );
  if (service === undefined || isCommandWord(service.option))
    return { family: 'ipv4', protocol: 'tcp' };
  if (service.option.value.kind === 'service') {
    return {
      family: isIPv6HostPort(service.value ?? '') ? 'ipv6' : 'ipv4',
      protocol: service.option.value.protocol,
    };
  }
  return {
    family: options.some((token) => token.option.long === 'ipv6') ? 'ipv6' : 'ipv4',
    protocol: 'tcp',
  };
}
