// The programs and packages of Debian that the tests need.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The kernel tests need a kernel with IPVS that runs as a program, and the tools that read and
 * write its table. Each Debian package, by a program that only it installs.
 */
export const KERNEL_PROGRAMS = {
  'linux.uml': 'user-mode-linux',
  ipvsadm: 'ipvsadm',
  ip: 'iproute2',
  keepalived: 'keepalived',
  ldirectord: 'ldirectord',
  modprobe: 'kmod',
  taskset: 'util-linux',
};

/** Programs that boot another kernel than User-Mode Linux. */
export const QEMU_PROGRAMS = {
  'qemu-system-x86_64': 'qemu-system-x86',
  virtiofsd: 'virtiofsd',
  busybox: 'busybox-static',
  depmod: 'kmod',
  xz: 'xz-utils',
};

/** Programs that make packages, and boot a Debian that they are installed in. */
export const INSTALLED_PROGRAMS = {
  ...QEMU_PROGRAMS,
  mmdebstrap: 'mmdebstrap',
  'dpkg-deb': 'dpkg',
  rpmbuild: 'rpm',
};

/** The tests of the client of etcd need a member, its command line, and certificates for it. */
export const ETCD_PROGRAMS = { etcd: 'etcd-server', etcdctl: 'etcd-client', openssl: 'openssl' };

/** Services that Debian starts when it installs their package, and that no test needs. */
export const SERVICES = { 'etcd-server': 'etcd.service' };

/** The tests of the daemon's page need a browser. */
export const BROWSER_PROGRAMS = { chromium: 'chromium' };

/** `npm run test:image` builds an image. */
export const IMAGE_PROGRAMS = { buildah: 'buildah' };

/** The folders of programs. Administration programs are often outside an ordinary user's PATH. */
export const searchPath = [
  ...new Set([
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
    '/usr/bin',
    '/bin',
  ]),
];

/** The folders where Debian 12 and later ones have virtiofsd, which is not for users. */
const LIBRARY_FOLDERS = ['/usr/lib/qemu', '/usr/libexec'];

/** Returns the path of a program, or undefined. */
export function pathOf(program) {
  return [...searchPath, ...LIBRARY_FOLDERS]
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export function missingPrograms(programs = KERNEL_PROGRAMS) {
  return Object.keys(programs).filter((program) => pathOf(program) === undefined);
}

export function missingPackages(programs = KERNEL_PROGRAMS) {
  return missingPrograms(programs).map((program) => programs[program]);
}

export function installCommand(programs = KERNEL_PROGRAMS) {
  return `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missingPackages(programs).join(' ')}`;
}
