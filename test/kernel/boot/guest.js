// The inside of the guest: its first process, which prepares the guest, runs the command and writes
// its status.
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { searchPath } from './debian.js';

/** User-Mode Linux shows folders of this machine by its own file system. */
const UML_GUEST = {
  mount: (from, to) => `mount -t hostfs none ${quote(to)} -o ${quote(from)}`,
};

/**
 * The variables of the host's environment that the guest gets. The others stay outside, so that a
 * run has the same result everywhere.
 */
const passed =
  /^(CI|UPDATE|KERNEL|LANG|LC_\w+|TZ|TERM|NO_COLOR|FORCE_COLOR|COLUMNS|DEBUG|NODE_OPTIONS|(FC|IPVSTATE|VITEST)_\w+)$/;

export const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function exports() {
  const color = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: '1' } : {};
  return Object.entries({ TERM: 'dumb', ...color, ...process.env })
    .filter(([name]) => passed.test(name))
    .map(([name, value]) => `export ${name}=${quote(value)}`)
    .join('\n');
}

function executable(path, text) {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

/**
 * Fills `folder` with the files that the guest boots from: `init`, an empty `output`, and
 * `bin/modprobe`, which loads the modules of its kernel from their unusual folder. The guest adds
 * `status`.
 */
export function writeGuest(
  folder,
  { command, writable, cwd, limitSeconds, modules, guest = UML_GUEST },
) {
  for (const lib of ['lib', 'usr/lib']) {
    mkdirSync(join(folder, 'modules', lib), { recursive: true });
    symlinkSync(modules, join(folder, 'modules', lib, 'modules'));
  }
  mkdirSync(join(folder, 'bin'));
  const path = [...new Set(['/run/boot/bin', dirname(process.execPath), ...searchPath])].join(':');
  executable(
    join(folder, 'bin', 'modprobe'),
    `#!/bin/sh\nPATH=${quote(searchPath.join(':'))} exec modprobe -d /run/boot/modules "$@"\n`,
  );
  writeFileSync(join(folder, 'output'), '');
  // User-Mode Linux 7.2 panics when a program uses io_uring, as Node 26 does. It goes on without.
  //
  // The sleep ends a guest whose host side was killed and cannot end it any more. The root is
  // mounted read-only; a second hostfs mount of the same folder is the way to a writable one.
  // Everything is reported through files and not through the console, which is slow, translates
  // line ends and loses its last bytes at power-off.
  executable(
    join(folder, 'init'),
    `#!/bin/sh
export PATH=${quote(path)}
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mkdir -p /run/boot /run/tmp /run/home
${guest.mount(folder, '/run/boot')}
${writable.map((dir) => guest.mount(dir, dir)).join('\n')}
echo /run/boot/bin/modprobe > /proc/sys/kernel/modprobe
[ ! -e /proc/sys/kernel/io_uring_disabled ] || echo 2 > /proc/sys/kernel/io_uring_disabled
(sleep ${limitSeconds + 10}; echo o > /proc/sysrq-trigger) &
ip link set lo up
${exports()}
export HOME=/run/home TMPDIR=/run/tmp
cd ${quote(cwd)}
modprobe ip_vs && ${command.map(quote).join(' ')} </dev/null >>/run/boot/output 2>&1
echo $? > /run/boot/status
echo o > /proc/sysrq-trigger
while :; do sleep 1; done
`,
  );
}
