// A root of Debian that boots with systemd in QEMU. What the guest writes stays in its memory.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { quote } from './guest.js';
import { modulesOf } from './qemu.js';

/** The unit that runs the command when everything else has started. */
const UNIT = `[Unit]
Description=The command of this guest
After=multi-user.target
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/run/boot/init
`;

/**
 * The root that boots the Debian in `tree` (for startQemu), with the modules of `image`. The
 * command of the guest finds the files of this machine in /run/host, read-only.
 */
export function debianRoot(tree, image) {
  const mounts = (folder, version) => `mkdir -p /host /memory
mount -t virtiofs host /host
mount -t tmpfs -o size=80% tmpfs /memory
mkdir /memory/upper /memory/work
mount -t overlay -o lowerdir=${quote(`/host${tree}`)},upperdir=/memory/upper,workdir=/memory/work overlay /new
cd /new
mkdir -p proc sys dev run lib/modules/${version}
mount -t tmpfs -o mode=755 tmpfs run
mount -t devtmpfs dev dev
mount --bind ${quote(`/host${modulesOf(image)}/${version}`)} lib/modules/${version}
mkdir -p run/boot run/host run/systemd/system
mount --bind ${quote(`/host${folder}`)} run/boot
mount --bind /host run/host
mount -o remount,bind,ro run/host
cp run/boot/command.service run/systemd/system
cd /`;
  return {
    modules: ['overlay'],
    mounts,
    init: () => '/sbin/init',
    append: ' systemd.wants=command.service',
  };
}

/** Fills `folder` as `writeGuest` does, for a guest whose init is systemd. */
export function writeDebianGuest(folder, { command, limitSeconds }) {
  writeFileSync(join(folder, 'output'), '');
  writeFileSync(join(folder, 'command.service'), UNIT);
  writeFileSync(
    join(folder, 'init'),
    `#!/bin/sh
export HOME=/root TERM=dumb
(sleep ${limitSeconds + 10}; echo o > /proc/sysrq-trigger) &
${command.map(quote).join(' ')} </dev/null >>/run/boot/output 2>&1
echo $? > /run/boot/status
sync
echo o > /proc/sysrq-trigger
`,
    { mode: 0o755 },
  );
}
