// User-Mode Linux: a whole kernel that runs as an ordinary program.
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { memoryFolder } from './memory.js';

/**
 * A newer User-Mode Linux than those of Debian 12 and 13. Since Linux 6.16 its processes need no
 * ptrace(2), which halves the processor time of the kernel tests. Debian has it for its next
 * release, and so the C library of Debian 13 comes with it. When Debian has replaced one of these
 * files, the tests run on the installed kernel: put the current versions here. `apt-cache show`
 * tells their paths and digests.
 */
export const NEWER_UML = {
  version: '7.2um1',
  packages: {
    'u/user-mode-linux/user-mode-linux_7.2um1_amd64.deb':
      'f947c9244fd79d481299df2ad68961f6b3b7703bff38c4b0e726f861161da62c',
    'g/glibc/libc6_2.41-12+deb13u5_amd64.deb':
      'b59b0625cd1a791375d40dab23a4d5d3d0641e3d0a773501becdc3725b7f99cf',
  },
};
const POOL = 'http://deb.debian.org/debian/pool/main';

/** apt's own downloader, which checks digests, and knows the proxies of this machine. */
const APT_HELPER = '/usr/lib/apt/apt-helper';

const INTERPRETER = '/lib64/ld-linux-x86-64.so.2\0';
const OWN_INTERPRETER = './ld.so\0';

const STORE = fileURLToPath(new URL('../../../node_modules/.cache/uml', import.meta.url));
const newer = join(STORE, NEWER_UML.version);

const INSTALLED = { program: 'linux.uml', modules: '/usr/lib/uml/modules' };

/**
 * Returns the kernel that the tests run: its program, its working folder if it needs one, and the
 * folder of its modules. The newer one, when `fetchUml` has fetched it and the variable UML is not
 * "installed".
 */
export function chooseUml(wanted = process.env.UML) {
  if (wanted === 'installed' || !existsSync(newer)) return INSTALLED;
  return {
    program: join(newer, 'linux.uml'),
    cwd: newer,
    libraries: join(newer, 'lib'),
    modules: join(newer, 'modules'),
  };
}

/** Tells whether the newer kernel can be fetched, and has not been. */
export function isUmlToFetch() {
  return process.arch === 'x64' && existsSync(APT_HELPER) && !existsSync(newer);
}

/**
 * Fetches the newer kernel, and installs nothing. Throws when a file cannot be had, or is not the
 * expected one.
 */
export function fetchUml({ helper = APT_HELPER, store = STORE } = {}) {
  mkdirSync(store, { recursive: true });
  const work = mkdtempSync(join(store, 'fetch-'));
  const run = (program, ...args) =>
    execFileSync(program, args, { cwd: work, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    for (const [path, digest] of Object.entries(NEWER_UML.packages)) {
      // apt's own user may not write into this folder.
      const asRoot = ['-o', 'APT::Sandbox::User=root'];
      run(helper, ...asRoot, 'download-file', `${POOL}/${path}`, 'deb', `SHA256:${digest}`);
      run('dpkg', '-x', 'deb', 'tree');
    }
    const usr = join(work, 'tree/usr');
    mkdirSync(join(work, 'kernel'));
    renameSync(join(usr, 'lib/uml/modules'), join(work, 'kernel/modules'));
    renameSync(join(usr, 'lib/x86_64-linux-gnu'), join(work, 'kernel/lib'));
    renameSync(join(work, 'kernel/lib/ld-linux-x86-64.so.2'), join(work, 'kernel/ld.so'));
    writeFileSync(
      join(work, 'kernel/linux.uml'),
      withOwnInterpreter(readFileSync(join(usr, 'bin/linux.uml'))),
      { mode: 0o755 },
    );
    const cwd = join(work, 'kernel');
    const env = { ...process.env, LD_LIBRARY_PATH: join(cwd, 'lib') };
    execFileSync('./linux.uml', ['--version'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    renameSync(cwd, join(store, NEWER_UML.version));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * The program asks for the C library's loader in its working folder, and not for that of this
 * machine. (The loader itself cannot be told to run this program: the kernel takes the addresses
 * between its program and its heap for its memory.)
 */
export function withOwnInterpreter(program) {
  const at = program.indexOf(INTERPRETER);
  if (at === -1) throw new Error(`linux.uml does not ask for ${INTERPRETER.slice(0, -1)}`);
  program.fill(0, at, at + INTERPRETER.length);
  program.write(OWN_INTERPRETER, at);
  return program;
}

/** Reads a list of processors as the kernel writes it, such as `0-3,8`. */
export function parseProcessors(list) {
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** The processors that this process may use. */
function allowedProcessors() {
  const status = readFileSync('/proc/self/status', 'utf8');
  return parseProcessors(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)[1]);
}

/**
 * Starts the kernel `uml` in `folder`, which `writeGuest` has filled. It keeps to one processor,
 * because its kernel and its programs are processes that wake each other for every system call.
 * From one processor to another that is idle, that takes three to five times as long. Guests whose
 * numbers follow each other use different processors.
 */
export function startUml(folder, { uml, memory, guests, number }) {
  // Not in the environment of taskset, which needs the libraries of this machine.
  const libraries = uml.libraries === undefined ? [] : [`LD_LIBRARY_PATH=${uml.libraries}`];
  const processors = allowedProcessors();
  return spawn(
    'taskset',
    [
      '-c',
      String(processors[number % processors.length]),
      'env',
      ...libraries,
      uml.program,
      `mem=${memory}`,
      'seccomp=auto',
      'rootfstype=hostfs',
      'rootflags=/',
      'ro',
      `init=${join(folder, 'init')}`,
      'con=null',
      'con0=fd:0,fd:1',
      'quiet',
      'oops=panic',
      `uml_dir=${folder}/`,
    ],
    // A separate process group: the guest's processes are processes of the host, too, and one
    // signal must reach them all.
    {
      cwd: uml.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, TMPDIR: memoryFolder(memory, guests) },
    },
  );
}
