import { statfs } from 'node:fs/promises';

/**
 * File systems that other machines change without a local event, by magic number
 * (kernel: uapi/linux/magic.h).
 */
const REMOTE: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9p'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x73757245, 'Coda'],
  [0x7461636f, 'OCFS2'],
  [0x01161970, 'GFS2'],
  [0x0bd00bd0, 'Lustre'],
  [0x00c0ffee, 'hostfs'],
  [0x786f4256, 'vboxsf'],
]);

/** The name of a folder's file system if that changes without events; undefined otherwise. */
export async function remoteFilesystem(folder: string): Promise<string | undefined> {
  const found = await statfs(folder).catch(() => undefined);
  return found && REMOTE.get(found.type >>> 0);
}
