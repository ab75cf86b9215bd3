import { IpvstateError } from '../../errors.ts';
import { isObject, isText } from '../../model/shape.ts';
import type { EtcdClient } from './client.ts';

/** A lease of etcd. Keys that are bound to it are deleted when it is not kept alive. */
export type Lease = string;

export async function grantLease(client: EtcdClient, seconds: number): Promise<Lease> {
  const answer = await client.ask('lease/grant', { TTL: String(seconds) });
  const { ID: id } = isObject(answer) ? answer : {};
  if (!isText(id)) throw new IpvstateError('NO_INPUT', 'etcd grants no lease');
  return id;
}

/** Keeps a lease alive. Returns false when it is over already. */
export async function keepLease(client: EtcdClient, lease: Lease): Promise<boolean> {
  const answer = await client.ask('lease/keepalive', { ID: lease });
  const { result } = isObject(answer) ? answer : {};
  // The gateway leaves out a time of 0 seconds.
  return isObject(result) && isText(result.TTL) && result.TTL !== '0';
}

/** Returns for how many seconds a lease lasts at most. 0: it is over. */
export async function secondsLeft(client: EtcdClient, lease: Lease): Promise<number> {
  const answer = await client.ask('lease/timetolive', { ID: lease });
  // A lease that is over has -1. The gateway leaves out a time of 0 seconds.
  const { TTL: text = '0' } = isObject(answer) ? answer : {};
  if (!isText(text) || !/^-?\d{1,15}$/.test(text))
    throw new IpvstateError('NO_INPUT', 'etcd does not say how long a lease lasts');
  // etcd rounds down.
  return Number(text) > 0 ? Number(text) + 1 : 0;
}

/** Ends a lease, and deletes the keys that are bound to it. */
export async function revokeLease(client: EtcdClient, lease: Lease): Promise<void> {
  await client.ask('lease/revoke', { ID: lease });
}
