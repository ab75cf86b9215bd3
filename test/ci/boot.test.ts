import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../kernel/boot/run.js', import.meta.url));

let folder: string;
let running: ChildProcess[];

beforeEach(() => {
  running = [];
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-boot-'));
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'tmp'));
});

afterEach(async () => {
  // Only a failed test leaves processes.
  for (const child of running.filter(
    ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
  )) {
    child.kill('SIGTERM');
    await once(child, 'close');
  }
  rmSync(folder, { recursive: true, force: true });
});

function program(name: string, text: string): void {
  writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(folder, 'bin', name), 0o755);
}

/**
 * A fake kernel that runs the shell script `text`. `$boot` is the folder that it was told to boot
 * from.
 */
function kernel(text: string): void {
  for (const name of ['ipvsadm', 'ip', 'modprobe']) program(name, '');
  program(
    'linux.uml',
    `for a; do case "$a" in init=*) boot=$(dirname "\${a#init=}");; esac; done\n${text}`,
  );
}

function start(...args: readonly string[]) {
  const env = {
    ...process.env,
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    TMPDIR: join(folder, 'tmp'),
    UML: 'installed',
  };
  const child = spawn(process.execPath, [script, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  const seen = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    seen.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    seen.stderr += text;
  });
  const ended = once(child, 'close').then(([status]) => ({ status, ...seen }));
  return { child, ended };
}

test('the output and the status are those of the command', async () => {
  kernel(
    'echo noise of the kernel; echo one >> $boot/output; echo two >> $boot/output; echo 7 > $boot/status',
  );
  expect(await start('--', 'true').ended).toEqual({ status: 7, stdout: 'one\ntwo\n', stderr: '' });
});

test('the output appears while the kernel is still running', async () => {
  kernel(
    'echo early >> $boot/output; while [ ! -e $boot/go ]; do sleep 0.02; done; echo 0 > $boot/status',
  );
  const { child, ended } = start('--', 'true');
  const [first] = await once(child.stdout, 'data');
  expect(first).toBe('early\n');
  const [boot] = readdirSync(join(folder, 'tmp'));
  writeFileSync(join(folder, 'tmp', boot as string, 'go'), '');
  expect((await ended).status).toBe(0);
});

test('a kernel that panics is a failure, with the end of its console', async () => {
  kernel('echo started >> $boot/output; echo "Kernel panic - not syncing"; exit 134');
  const { status, stdout, stderr } = await start('--', 'true').ended;
  expect({ status, stdout }).toEqual({ status: 125, stdout: 'started\n' });
  expect(stderr).toContain('ended without a status');
  expect(stderr).toContain('Kernel panic - not syncing');
});

test('a kernel that hangs is killed with all its processes at the time limit', async () => {
  program('guest-process', 'sleep 1000; echo never');
  kernel('guest-process & wait');
  const { status, stderr } = await start('--limit', '1', '--', 'true').ended;
  expect(status).toBe(124);
  expect(stderr).toContain('not done after 1 s');
  expect(processesOfKernel()).toEqual([]);
  expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends the kernel and gives status %i', async (signal, expected) => {
  program('guest-process', 'echo ready >> $1/output; sleep 1000; echo never');
  kernel('guest-process $boot & wait');
  const { child, ended } = start('--', 'true');
  await once(child.stdout, 'data');
  expect(processesOfKernel()).not.toEqual([]);
  child.kill(signal);
  expect((await ended).status).toBe(expected);
  expect(processesOfKernel()).toEqual([]);
  expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
});

test('the command and the folders reach the guest unchanged, with quotes and spaces', async () => {
  kernel(`cp $boot/init ${folder}/init; echo 0 > $boot/status`);
  await start('--writable', "/a 'b'", '--', 'echo', "it's", '$HOME').ended;
  const init = readFileSync(join(folder, 'init'), 'utf8');
  expect(init).toContain(`'echo' 'it'\\''s' '$HOME' </dev/null`);
  expect(init).toContain(`mount -t hostfs none '/a '\\''b'\\''' -o '/a '\\''b'\\'''`);
});

describe('the kernel of a folder', () => {
  /** A fake QEMU that runs the shell script `text`. `$boot` is the folder with the initramfs. */
  function machine(text: string): string {
    const image = join(folder, 'image');
    mkdirSync(join(image, 'lib/modules/1.2.3'), { recursive: true });
    for (const name of ['linux.uml', 'ipvsadm', 'ip', 'keepalived', 'ldirectord', 'depmod', 'xz'])
      program(name, '');
    program('modprobe', 'echo "builtin virtio_pci"');
    program('busybox', 'cat > /dev/null');
    program(
      'virtiofsd',
      `exec '${process.execPath}' -e 'net.createServer().listen(process.argv[1].split("=")[1])' -- "$1"`,
    );
    program(
      'qemu-system-x86_64',
      `while [ "$1" != -initrd ]; do shift; done\nboot=$(dirname "$2")\n${text}`,
    );
    return image;
  }

  test('is booted in QEMU, with the output and the status of the command', async () => {
    const image = machine('echo console; echo out >> $boot/output; echo 7 > $boot/status');
    expect(await start('--limit', '60', '--image', image, '--', 'true').ended).toEqual({
      ...{ status: 7, stdout: 'out\n', stderr: '' },
    });
    expect(processesOfKernel()).toEqual([]);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });

  test('may write to the writable folders only: its root is read-only, or it ends', async () => {
    const image = machine(
      `cp $boot/initramfs/init ${folder}/first; cp $boot/init ${folder}; echo 0 > $boot/status`,
    );
    await start('--limit', '60', '--image', image, '--writable', '/a', '--', 'true').ended;
    const first = readFileSync(join(folder, 'first'), 'utf8');
    expect(first).toMatch(/remount,bind,ro \/new &&\n[\s\S]*\|\| poweroff -f\n/);
    const init = readFileSync(join(folder, 'init'), 'utf8');
    expect(init).toContain("mount --bind '/a' '/a' && mount -o remount,bind,rw '/a'");
    expect(init).not.toContain('hostfs');
  });

  test('boots the systemd of a tree, where the files of this machine cannot be written', async () => {
    const image = machine(
      `cp $boot/initramfs/init ${folder}/first; cp $boot/init ${folder}; echo 0 > $boot/status`,
    );
    const options = ['--limit', '60', '--image', image, '--tree', '/a tree'];
    const { status } = await start(...options, '--', 'echo', 'a b').ended;
    expect(status).toBe(0);
    const first = readFileSync(join(folder, 'first'), 'utf8');
    expect(first).toContain("lowerdir='/host/a tree',upperdir=/memory/upper");
    expect(first).toContain('mount -o remount,bind,ro run/host\n');
    expect(first).toContain("exec switch_root /new '/sbin/init'\n");
    expect(readFileSync(join(folder, 'init'), 'utf8')).toContain("'echo' 'a b' </dev/null");
  });

  test('that does not boot is a failure, with the end of its console', async () => {
    const image = machine('echo "Kernel panic - not syncing"; exit 1');
    const { status, stderr } = await start('--limit', '60', '--image', image, '--', 'true').ended;
    expect(status).toBe(125);
    expect(stderr).toContain('Kernel panic - not syncing');
  });
});

test.each([
  ['a missing command', []],
  ['a tree without a kernel', ['--tree', '/tree', '--', 'true']],
])('%s is a usage error', async (_, args) => {
  const { status, stderr } = await start(...args).ended;
  expect(status).toBe(64);
  expect(stderr).toContain('usage: run.js');
});

/**
 * The command lines of the running programs of this test's folder. A zombie process has no command
 * line.
 */
function processesOfKernel(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandLine)
    .filter((line) => line.includes(join(folder, 'bin')));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
