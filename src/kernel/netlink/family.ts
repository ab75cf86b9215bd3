import { IpvstateError } from '../../errors.ts';
import { malformed } from './attributes.ts';
import type { Connection } from './connection.ts';
import { decodeFamilyId } from './decode-settings.ts';
import { encodeFamilyRequest } from './encode.ts';
import { errnoName } from './errno.ts';
import { readRefusal } from './refusal.ts';
import { IPVS_GENL_NAME } from './uapi.ts';

/**
 * Asks for the id of the IPVS family, which changes whenever the module is loaded again. The kernel loads the module by itself if it
 * can. Throws `UNAVAILABLE` when there is none.
 */
export async function resolveFamily(connection: Connection): Promise<number> {
  let id: number | undefined;
  let refused = 0;
  encodeFamilyRequest(connection.writer, connection.begin(), IPVS_GENL_NAME);
  await connection.batch(1, {
    data: (bytes, start, end) => {
      id = decodeFamilyId(bytes, start, end);
    },
    refused: (errno) => {
      refused = errno;
    },
  });
  if (id !== undefined) return id;
  if (refused === 0) throw malformed('an ACK in place of a family');
  if (errnoName(refused) === 'ENOENT') throw unavailable();
  throw readRefusal('look up the IPVS family', errnoName(refused));
}

export function unavailable(): IpvstateError {
  return new IpvstateError('UNAVAILABLE', 'the kernel has no IPVS', {
    hint: 'Load the kernel module ip_vs: modprobe ip_vs. In a container, load it on the host.',
  });
}
