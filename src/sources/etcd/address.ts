import { isIPv6 } from 'node:net';
import { IpvstateError } from '../../errors.ts';

/** The members of an etcd cluster, and the place in its keys that a configuration is at. */
export interface EtcdAddress {
  /** Hosts with their ports, in the order in which they are asked. */
  readonly hosts: readonly string[];
  /** The beginning of every key: `/` and words, without `/` at its end. */
  readonly prefix: string;
}

const DEFAULT_PORT = 2379;

/** The form of an address, for messages. */
export const ETCD_ADDRESS_FORM = 'etcd://HOST:2379[,HOST:2379...]/PREFIX';

/**
 * Tells whether a text is an address, right or wrong, and no path. One of another scheme is taken
 * for a mistake in the address of etcd, and not for a file: it may have a password in it.
 */
export function isEtcdAddress(text: string): boolean {
  return /^(?:etcds?:|[a-z][a-z0-9+.-]*:\/\/)/i.test(text);
}

/** Parses `etcd://HOST[:PORT][,HOST[:PORT]...]/PREFIX`. Throws `USAGE`. */
export function parseEtcdAddress(text: string): EtcdAddress {
  // A user and a password would be seen in the list of processes. No message repeats them.
  if (text.includes('@')) {
    throw new IpvstateError('USAGE', 'the address of etcd has no user and no password in it', {
      hint: 'Set IPVSTATE_ETCD_USER and IPVSTATE_ETCD_PASSWORD_FILE.',
    });
  }
  const match = /^etcd:\/\/([^/]*)(\/[A-Za-z0-9._/-]*)?$/.exec(text);
  const hosts = match?.[1]?.split(',').map(withPort) ?? [];
  const prefix = (match?.[2] ?? '').replace(/\/+$/, '');
  if (!match || prefix === '' || prefix.includes('//') || hosts.some((host) => !host)) {
    throw new IpvstateError('USAGE', `${text} is not the address of a configuration in etcd`, {
      hint: `Write ${ETCD_ADDRESS_FORM}.`,
    });
  }
  return { hosts: hosts.filter((host) => host !== undefined), prefix };
}

function withPort(host: string): string | undefined {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([1-9]\d{0,4}))?$/.exec(host);
  const [, name = '', port = DEFAULT_PORT] = match ?? [];
  if (!match || Number(port) > 65_535) return undefined;
  if (name.startsWith('[') && !isIPv6(name.slice(1, -1))) return undefined;
  return `${name}:${port}`;
}

const NAME_SCHEME = 'etcd:';

/** Formats the name of a generation, or of one of its files, in messages. */
export function generationName(prefix: string, generation: number, file?: string): string {
  const name = `${NAME_SCHEME}${prefix}@generation ${generation}`;
  return file === undefined ? name : `${name}: ${file}`;
}

/** Finds the generation that files, which may be of other sources as well, are from. */
export function generationOf(files: readonly { readonly path: string }[]): number | null {
  for (const { path } of files) {
    const match = isOfGeneration(path) && /@generation ([1-9]\d{0,14}): /.exec(path);
    if (match) return Number(match[1]);
  }
  return null;
}

/** Tells whether a document is a file of a generation: no option takes its name. */
export function isOfGeneration(name: string): boolean {
  return name.startsWith(NAME_SCHEME);
}
