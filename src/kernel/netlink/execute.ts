import type { ErrnoName, KernelError } from '../../errors.ts';
import type { Refused } from '../../model/ipvs.ts';
import type { Operation } from '../../model/operation.ts';
import { type Connection, LostError } from './connection.ts';
import { encodeOperation, encodeRequest } from './encode.ts';
import { errnoName } from './errno.ts';
import type { ConnectionPool } from './pool.ts';
import { readRefusal, refusal } from './refusal.ts';
import { StaleFamilyError, withFamily } from './stale.ts';
import { IPVS_CMD_GET_INFO } from './uapi.ts';

/** Room for one more operation and the fence, in bytes. */
const SEND_RESERVE = 1024;

/** Sends a wave in as few batches as the receive buffer allows. */
export async function executeWave(pool: ConnectionPool, wave: readonly Operation[]): Promise<Refused> {
  const refused = new Map<number, KernelError>();
  for (let done = 0; done < wave.length; ) {
    const start = done;
    done = await withFamily(pool, (family) => executeBatch(pool.command(), family, wave, start, refused));
  }
  return refused;
}

/**
 * One send: as many operations as fit, none asking for an ACK, and a cheap request as a fence, whose answer says that all of them
 * were executed. Returns the index of the first operation that was not sent.
 */
async function executeBatch(
  connection: Connection,
  family: number,
  wave: readonly Operation[],
  start: number,
  refused: Map<number, KernelError>,
): Promise<number> {
  const { writer } = connection;
  const first = connection.begin();
  const last = Math.min(wave.length, start + Math.max(1, connection.batchLimit - 1));
  let end = start;
  do {
    encodeOperation(writer, family, first + end - start, wave[end] as Operation);
    end++;
  } while (end < last && writer.length < connection.sendLimit - SEND_RESERVE);
  const count = end - start;
  encodeRequest(writer, family, first + count, IPVS_CMD_GET_INFO);
  const errors: [index: number, errno: ErrnoName][] = [];
  let fence: ErrnoName | undefined;
  await connection.batch(count + 1, {
    refused: (errno, index) => {
      if (index === count) fence = errnoName(errno);
      else errors.push([index, errnoName(errno)]);
    },
  });
  if (fence === 'ENOENT') {
    if (errors.length === count && errors.every(([, errno]) => errno === 'ENOENT')) throw new StaleFamilyError();
    throw new LostError('the ip_vs module was removed while operations were under way');
  }
  if (fence !== undefined) throw readRefusal('execute operations', fence);
  for (const [index, errno] of errors) refused.set(start + index, refusal(wave[start + index] as Operation, errno));
  return end;
}
