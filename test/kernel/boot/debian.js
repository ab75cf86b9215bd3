// The programs and packages that the kernel tests need: a kernel with IPVS that runs as a program,
// and the tools that read and write its table.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Each Debian package, by a program that only it installs. */
const programs = {
  'linux.uml': 'user-mode-linux',
  ipvsadm: 'ipvsadm',
  ip: 'iproute2',
  keepalived: 'keepalived',
  ldirectord: 'ldirectord',
  modprobe: 'kmod',
};

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

function exists(program) {
  return searchPath.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export function missingPrograms() {
  return Object.keys(programs).filter((program) => !exists(program));
}

export function missingPackages() {
  return missingPrograms().map((program) => programs[program]);
}

export function installCommand() {
  return `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missingPackages().join(' ')}`;
}
