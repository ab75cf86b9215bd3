import type { ErrnoName, KernelError } from '../../errors.ts';
import type { Refused } from '../../model/ipvs.ts';
import type { Operation } from '../../model/operation.ts';
import { type Connection, LostError, StaleFamilyError } from './connection.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { encodeOperation, encodeRequest } from './encode.ts';
import { readRefusal, refusal } from './refusal.ts';
import { IPVS_CMD_GET_INFO } from './uapi.ts';

/** Bytes of a send that are kept free for one more operation and the fence. */
const SEND_RESERVE = 1024;

/**
 * Executes operations in order, in as few batches as the buffers of the socket allow. Returns the
 * errors of those that the kernel refused. Throws `LOST` when the answers do not arrive.
 */
export async function executeWave(
  pool: ConnectionPool,
  wave: readonly Operation[],
): Promise<Refused> {
  const refused = new Map<number, KernelError>();
  for (let done = 0; done < wave.length; ) {
    const start = done;
    done = await pool.withFamily((family) =>
      executeBatch(pool.command(), family, wave, start, refused),
    );
  }
  return refused;
}

/**
 * Sends as many operations as one send may carry, none of which asks for an ACK. A cheap request
 * follows them as a fence: its answer says that the kernel executed all of them. Returns the index
 * of the first operation that was not sent.
 */
async function executeBatch(
  connection: Connection,
  family: number,
  wave: readonly Operation[],
  start: number,
  refused: Map<number, KernelError>,
): Promise<number> {
  const { writer } = connection;
  const sequence = connection.begin();
  const limit = Math.min(wave.length, start + Math.max(1, connection.batchLimit - 1));
  let end = start;
  do {
    encodeOperation(writer, family, sequence + end - start, wave[end] as Operation);
    end++;
  } while (end < limit && writer.length < connection.sendLimit - SEND_RESERVE);
  const count = end - start;
  encodeRequest(writer, family, sequence + count, IPVS_CMD_GET_INFO);
  const errors: [index: number, errno: ErrnoName][] = [];
  let fenceError: ErrnoName | undefined;
  await connection.batch(count + 1, {
    refused: (errno, index) => {
      if (index === count) fenceError = errno;
      else errors.push([index, errno]);
    },
  });
  // GET_INFO has ENOENT as an answer only when the kernel does not know the family id.
  if (fenceError === 'ENOENT') {
    if (errors.length === count && errors.every(([, errno]) => errno === 'ENOENT'))
      throw new StaleFamilyError();
    throw new LostError('the ip_vs module was removed while operations were under way');
  }
  if (fenceError !== undefined) throw readRefusal('execute operations', fenceError);
  for (const [index, errno] of errors)
    refused.set(start + index, refusal(wave[start + index] as Operation, errno));
  return end;
}
