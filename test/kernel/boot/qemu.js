// Debian's kernels in QEMU, which emulates a whole machine. It is slow, and runs any kernel.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathOf } from './debian.js';
import { quote } from './guest.js';

/** The processor is emulated, too: its later features cost time, and some do not work well. */
const MACHINE =
  '-M q35 -accel tcg,thread=single -cpu Nehalem,-cx16 -smp 1 -display none -no-reboot';

/** The part of a guest that depends on how it gets this machine's files: mounts of folders. */
export const QEMU_GUEST = {
  /** The root is a read-only mount of a file system that can be written. */
  mount: (from, to) =>
    `mount --bind ${quote(from)} ${quote(to)} && mount -o remount,bind,rw ${quote(to)}`,
};

export function modulesOf(image) {
  return join(image, 'lib/modules');
}

/**
 * The root of a kernel test: this machine's files, read-only. `folder` has the files
 * that the guest boots from.
 */
const THIS_MACHINE = {
  modules: [],
  mounts: () => `mount -t virtiofs host /new &&
  mount -o remount,bind,ro /new &&
  ! touch /new/tmp 2>/dev/null &&
  mount -t devtmpfs dev /new/dev || poweroff -f`,
  init: (folder) => join(folder, 'init'),
  append: '',
};

/** Writes the first programs that the kernel runs: they mount the root of the guest. */
function writeInitramfs(folder, image, root) {
  const [version] = readdirSync(modulesOf(image));
  const tree = join(folder, 'initramfs');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  const listed = execFileSync(
    'modprobe',
    ['-d', image, '-S', version, '-a', '-D', 'virtio_pci', 'virtiofs', ...root.modules],
    { encoding: 'utf8' },
  );
  const modules = [...new Set([...listed.matchAll(/^insmod (\S+)/gm)].map(([, path]) => path))];
  for (const path of modules) copyFileSync(path, join(tree, basename(path)));
  copyFileSync(pathOf('busybox'), join(tree, 'bin/busybox'));
  const init = join(tree, 'init');
  writeFileSync(
    init,
    `#!/bin/busybox sh
/bin/busybox --install -s /bin
PATH=/bin
mkdir -p /new /proc
mount -t proc proc /proc
${modules.map((path) => `insmod /${basename(path)}`).join('\n')}
${root.mounts(folder, version)}
umount /proc
exec switch_root /new ${quote(root.init(folder))}
`,
  );
  chmodSync(init, 0o755);
  execFileSync('sh', ['-c', 'find . | busybox cpio -o -H newc > ../initramfs.cpio'], {
    ...{ cwd: tree, stdio: 'ignore' },
  });
}

/** Starts the kernel of `image`. Its console is the standard output. */
export function startQemu(folder, { image, memory, root = THIS_MACHINE }) {
  writeInitramfs(folder, image, root);
  const socket = quote(join(folder, 'host.sock'));
  const share = '-o source=/,sandbox=chroot,cache=always';
  const files = [
    `-object memory-backend-memfd,id=memory,size=${memory},share=on -numa node,memdev=memory`,
    `-chardev socket,id=host,path=${socket} -device vhost-user-fs-pci,chardev=host,tag=host`,
  ];
  const system = [
    `-kernel ${quote(join(image, 'vmlinuz'))} -initrd ${quote(join(folder, 'initramfs.cpio'))}`,
    `-append 'console=ttyS0 panic=-1 oops=panic quiet${root.append}' -serial stdio`,
  ];
  const script = `${quote(pathOf('virtiofsd'))} --socket-path=${socket} ${share} 2>&1 &
until [ -S ${socket} ]; do sleep 0.1; done
exec qemu-system-x86_64 ${MACHINE} -nodefaults -no-user-config -m ${memory} \\
  ${[...files, ...system].join(' \\\n  ')}
`;
  const kernel = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  // virtiofsd usually ends with the kernel.
  kernel.once('exit', () => {
    try {
      process.kill(-kernel.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  });
  return kernel;
}
