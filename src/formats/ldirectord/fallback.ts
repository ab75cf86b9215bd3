import { parseAddress } from '../../model/address.ts';
import type { Destination } from '../../model/destination.ts';
import { reaches } from '../../model/rules.ts';
import { isFailure } from '../ipvsadm/grammar/failure.ts';
import { parseCommand } from '../ipvsadm/grammar/parse.ts';
import { takeRemarks } from '../ipvsadm/script-names.ts';
import { findKernelRefusal } from '../ipvsadm/script-refusals.ts';
import { type Called, FORWARD_OPTIONS, word } from './calls.ts';
import type { Globals, Statement } from './lines.ts';
import type { LdirectordReading } from './read.ts';
import { FALLBACK } from './values.ts';

/** Finds the statement that is about a service: its own, or that for all. Marks have only one. */
export function findFallback(
  { virtual, identity }: Called,
  globals: Globals,
): Statement | undefined {
  const keyword = virtual.isIPv6 ? 'fallback6' : 'fallback';
  const common = identity.kind === 'address' ? globals.get(keyword) : undefined;
  return virtual.settings.get(keyword) ?? common;
}

/** Reads the destination of a fallback. Returns undefined when the service cannot have it. */
export function readFallback(
  { value: { text, at } }: Statement,
  { identity, words, servers }: Called,
  { reading }: LdirectordReading,
): Destination | undefined {
  const [, host = '', port, forward = 'gate'] = FALLBACK.exec(text) ?? [];
  const address = parseAddress(host.replace(/^\[(.*)\]$/, '$1'));
  if (address === undefined || !reaches('masq', identity, address)) return undefined;
  const own = identity.kind === 'address' ? identity.port : 0;
  const server = ['-r', `${host}:${port ?? own}`, FORWARD_OPTIONS[forward] ?? '', '-w', '1'];
  const args = [word('-a', at), ...words, ...server.map((each) => word(each, at))];
  const argv = args.map((each) => each.text);
  const command = parseCommand(argv, reading.rules);
  takeRemarks(reading, args, word('-a', at));
  if (isFailure(command) || command.kind !== 'modify') return undefined;
  const { operation } = command;
  if (operation.kind !== 'add-destination' || findKernelRefusal(operation)) return undefined;
  return servers.has(operation.destination.key) ? undefined : operation.destination;
}
