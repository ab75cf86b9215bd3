import { readFile } from 'node:fs/promises';
import { IpvstateError, unreadable } from '../../errors.ts';

/** How a program proves to etcd who it is, and etcd to the program. */
export interface EtcdAccess {
  /** undefined: without TLS. */
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer } | undefined;
  /** undefined: without authentication. */
  readonly user: { readonly name: string; readonly password: string } | undefined;
}

const TLS_FILES = {
  ca: 'IPVSTATE_ETCD_CACERT',
  cert: 'IPVSTATE_ETCD_CERT',
  key: 'IPVSTATE_ETCD_KEY',
} as const;

/**
 * Reads the files that the environment names. The files are read for each connection, because
 * certificates and passwords are replaced while a daemon runs. Throws `USAGE` and `NO_INPUT`.
 */
export async function readEtcdAccess(env: NodeJS.ProcessEnv): Promise<EtcdAccess> {
  const tls: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = env[TLS_FILES[name]];
    if (path) tls[name] = await readSecret(path);
  }
  const name = env.IPVSTATE_ETCD_USER;
  return {
    tls: Object.keys(tls).length > 0 ? tls : undefined,
    user: name ? { name, password: await readPassword(env) } : undefined,
  };
}

async function readPassword(env: NodeJS.ProcessEnv): Promise<string> {
  const { IPVSTATE_ETCD_PASSWORD: password, IPVSTATE_ETCD_PASSWORD_FILE: path } = env;
  if (path) return (await readSecret(path)).toString('utf8').replace(/\r?\n$/, '');
  if (password) return password;
  throw new IpvstateError('USAGE', 'IPVSTATE_ETCD_USER is set, and no password', {
    hint: 'Set IPVSTATE_ETCD_PASSWORD_FILE to a file that only you may read.',
  });
}

function readSecret(path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => unreadable(path, error));
}
