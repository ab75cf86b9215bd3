import { readFile } from 'node:fs/promises';
import { IpvstateError, unreadable } from '../../errors.ts';

/** How a program proves to etcd who it is, and etcd to the program. */
export interface EtcdAccess {
  /** undefined: without TLS. */
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer } | undefined;
  /** undefined: without authentication. */
  readonly user: { readonly name: string; readonly password: string } | undefined;
}

/** The variables of the environment that give access. */
export const ETCD_ENVIRONMENT = {
  ca: 'IPVSTATE_ETCD_CACERT',
  cert: 'IPVSTATE_ETCD_CERT',
  key: 'IPVSTATE_ETCD_KEY',
  user: 'IPVSTATE_ETCD_USER',
  password: 'IPVSTATE_ETCD_PASSWORD',
  passwordFile: 'IPVSTATE_ETCD_PASSWORD_FILE',
} as const;

/**
 * Reads the files that the environment names. The files are read for each request, because
 * certificates and passwords are replaced while a daemon runs. Throws `USAGE` and `NO_INPUT`.
 */
export async function readEtcdAccess(env: NodeJS.ProcessEnv): Promise<EtcdAccess> {
  const tls: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const variable = ETCD_ENVIRONMENT[name];
    const path = env[variable];
    if (path) tls[name] = await readSecret(path, variable);
  }
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const { cert, key } = ETCD_ENVIRONMENT;
    const [there, missing] = tls.cert ? [cert, key] : [key, cert];
    throw new IpvstateError('USAGE', `${there} is set, and ${missing} is not`, {
      hint: 'A certificate and its key are given together.',
    });
  }
  const name = env[ETCD_ENVIRONMENT.user];
  return {
    tls: Object.keys(tls).length > 0 ? tls : undefined,
    user: name ? { name, password: await readPassword(env) } : undefined,
  };
}

async function readPassword(env: NodeJS.ProcessEnv): Promise<string> {
  const { user, password: direct, passwordFile } = ETCD_ENVIRONMENT;
  const { [direct]: password, [passwordFile]: path } = env;
  const hint = `Set ${passwordFile} to a file that only you may read.`;
  if (!path && !password)
    throw new IpvstateError('USAGE', `${user} is set, and no password`, { hint });
  if (!path) return password ?? '';
  const text = (await readSecret(path, passwordFile)).toString('utf8').replace(/\r?\n$/, '');
  if (text === '') throw new IpvstateError('USAGE', `${path} (${passwordFile}) is empty`, { hint });
  return text;
}

/** Throws with the name of the variable: nobody else says where the path comes from. */
async function readSecret(path: string, variable: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    return unreadable(`${path} (${variable})`, error);
  }
}
