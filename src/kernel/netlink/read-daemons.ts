import type { Unmanageable } from '../../model/ipvs.ts';
import type { Daemon } from '../../model/settings.ts';
import { attributeLength, attributeType, nextAttribute } from './attributes.ts';
import type { Connection } from './connection.ts';
import { decodeDaemon } from './decode-settings.ts';
import { encodeRequest } from './encode.ts';
import { readError } from './request.ts';
import { IPVS_CMD_ATTR_DAEMON, IPVS_CMD_GET_DAEMON, NLA_HDRLEN, NLM_F_DUMP } from './uapi.ts';

/** The running sync daemons, master first. */
export async function listDaemons(connection: Connection, family: number): Promise<(Daemon | Unmanageable)[]> {
  const daemons: (Daemon | Unmanageable)[] = [];
  let refused = 0;
  encodeRequest(connection.writer, family, connection.begin(), IPVS_CMD_GET_DAEMON, NLM_F_DUMP);
  await connection.dump({
    data: (bytes, start, end) => {
      for (let at = start; at < end; ) {
        const length = attributeLength(bytes, at, end);
        if (attributeType(bytes, at) === IPVS_CMD_ATTR_DAEMON) daemons.push(decodeDaemon(bytes, at + NLA_HDRLEN, at + length));
        at = nextAttribute(at, length);
      }
    },
    refused: (errno) => {
      refused = errno;
    },
  });
  if (refused !== 0) throw readError('list the sync daemons', refused);
  return daemons;
}
