import { basename } from 'node:path';
import { isAbsent } from '../../errors.ts';
import { type Fact, factOf, ifPresent } from './fact.ts';
import type { MachineFiles } from './machine-files.ts';

/** uapi: linux/capability.h CAP_NET_ADMIN. */
const CAP_NET_ADMIN = 12n;

/** The privileges of a process. */
export interface Privileges {
  readonly hasNetAdmin: boolean;
  /** False when the process can never get CAP_NET_ADMIN, whoever starts it. */
  readonly mayHaveNetAdmin: boolean;
  /** True for the user namespace in which the kernel wants CAP_NET_ADMIN for IPVS. */
  readonly isInitialUserNamespace: boolean;
}

/** A process that concerns IPVS. */
export interface Process {
  readonly pid: number;
  /** The program: the first 15 bytes of its name. */
  readonly name: string;
  /** True when it is in the network namespace of this process. */
  readonly isHere: Fact<boolean>;
  /** Only for another `ipvstate watch`. */
  readonly privileges?: Fact<Privileges>;
}

export interface Processes {
  /** Programs other than ipvstate that write to the kernel's table. */
  readonly writers: readonly Process[];
  /** Each `ipvstate watch`. */
  readonly daemons: readonly Process[];
  /** The names of the programs that set the clock. */
  readonly timeServices: readonly string[];
  /** True when this process may not see all others. */
  readonly areHidden: boolean;
  /** True in a PID namespace of its own, which has only some of the machine's processes. */
  readonly isContainer: boolean;
}

/** Programs that write to the kernel's table of virtual services, by the begin of their names. */
const WRITERS = /^(?:keepalived|kube-proxy|kube-router|ldirectord|surealived|seesaw_)/;
const TIME_SERVICES = /^(?:chronyd|ntpd|ntpsec|systemd-timesyn|ptp4l|phc2sys)/;
/** Node names its main thread in one of these ways. */
const NODE = /^(?:node|MainThread|ipvstate)/;
/** The inode of the first PID namespace (kernel: include/linux/proc_ns.h PROC_PID_INIT_INO). */
const INITIAL_PIDS = 'pid:[4026531836]';

interface ProcessStatus extends Privileges {
  readonly parent: number;
}

export async function readStatus(
  files: MachineFiles,
  process: number | 'self',
): Promise<Fact<ProcessStatus>> {
  const path = `/proc/${process}/status`;
  return factOf(path, async () => {
    const status = await files.read(path);
    const map = await ifPresent(() => files.read(`/proc/${process}/uid_map`));
    const has = (set: string): boolean => {
      const [, bits = '0'] = new RegExp(`^${set}:\\s*([0-9a-f]+)$`, 'm').exec(status) ?? [];
      return ((BigInt(`0x${bits}`) >> CAP_NET_ADMIN) & 1n) === 1n;
    };
    return {
      hasNetAdmin: has('CapEff'),
      mayHaveNetAdmin: has('CapBnd'),
      // A kernel without user namespaces has no such file, and all processes in the initial one.
      isInitialUserNamespace: map === undefined || /^\s*0\s+0\s+4294967295\s*$/.test(map),
      parent: Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1] ?? 0),
    };
  });
}

/** Reads the processes that this process can see. It is not among them. */
export async function readProcesses(files: MachineFiles, ownPid: number): Promise<Fact<Processes>> {
  return factOf('/proc', async () => {
    const writers: Process[] = [];
    const daemons: WatchProcess[] = [];
    const timeServices = new Set<string>();
    let areHidden = false;
    const pids = await listPids(files);
    for (const pid of pids) {
      if (pid === ownPid) continue;
      const name = await ifRunning(() => files.read(`/proc/${pid}/comm`));
      const command = NODE.test(name)
        ? await ifRunning(() => files.read(`/proc/${pid}/cmdline`))
        : '';
      if (name === HIDDEN || command === HIDDEN) areHidden = true;
      else if (TIME_SERVICES.test(name)) timeServices.add(name.trim());
      else if (WRITERS.test(name))
        writers.push({ pid, name: name.trim(), isHere: await isHere(files, pid) });
      else if (isWatch(command))
        daemons.push({
          pid,
          name: 'ipvstate watch',
          isHere: await isHere(files, pid),
          privileges: await readStatus(files, pid),
        });
    }
    const namespace = await files.link('/proc/self/ns/pid').catch(() => INITIAL_PIDS);
    return {
      ...{ writers, timeServices: [...timeServices] },
      daemons: daemons.filter((process) => !isHelper(process, daemons)),
      areHidden: areHidden || !pids.includes(1),
      isContainer: namespace !== INITIAL_PIDS,
    };
  });
}

/** A process with the command line of a daemon. */
interface WatchProcess extends Process {
  readonly privileges: Fact<ProcessStatus>;
}

/**
 * Tells whether a process has the command line of a daemon, and is none. A child of a daemon has it
 * until it becomes another program. With `--netns`, a process waits for its child, the daemon in
 * another network namespace.
 */
function isHelper({ pid, isHere, privileges }: WatchProcess, all: readonly WatchProcess[]) {
  if (!isHere.isKnown || !isHere.value) return false;
  const parent = privileges.isKnown ? privileges.value.parent : 0;
  return all.some((other) => {
    if (!other.isHere.isKnown) return false;
    if (other.isHere.value) return other.pid === parent;
    return other.privileges.isKnown && other.privileges.value.parent === pid;
  });
}

async function listPids(files: MachineFiles): Promise<number[]> {
  const entries = await files.list('/proc');
  return entries.filter((entry) => /^\d+$/.test(entry)).map(Number);
}

/** Stands for the text of a file that this user may not read. No file has this text. */
const HIDDEN = '\0hidden';

/** Reads a file of a process. The text is empty when the process has ended. */
async function ifRunning(read: () => Promise<string>): Promise<string> {
  try {
    return await read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') return HIDDEN;
    if (code === 'ESRCH' || isAbsent(error)) return '';
    throw error;
  }
}

async function isHere(files: MachineFiles, pid: number): Promise<Fact<boolean>> {
  const path = `/proc/${pid}/ns/net`;
  return factOf(path, async () => {
    const own = await files.link('/proc/self/ns/net');
    return (await ifPresent(() => files.link(path))) === own;
  });
}

/** Tells whether a command line is that of `ipvstate watch`, under Node or by itself. */
function isWatch(commandLine: string): boolean {
  const words = commandLine.split('\0');
  const program = words.findIndex(
    (word) => basename(word) === 'ipvstate' || /(?:^|\/)dist\/cli\.cjs$/.test(word),
  );
  return program !== -1 && words[program + 1] === 'watch';
}

/** The number of the inotify instances and watches that the processes of one user have. */
export interface InotifyUse {
  readonly instances: number;
  readonly watches: number;
}

/**
 * Counts the inotify instances and watches of the processes of user `uid`, as far as this process
 * may look at them.
 */
export async function readInotifyUse(files: MachineFiles, uid: number): Promise<Fact<InotifyUse>> {
  return factOf('/proc', async () => {
    let instances = 0;
    let watches = 0;
    for (const pid of await listPids(files)) {
      const folder = `/proc/${pid}`;
      // A process may end, and a descriptor may be closed, while it is looked at.
      const owner = await files.stat(folder).catch(() => undefined);
      if (owner?.uid !== uid) continue;
      for (const descriptor of await files.list(`${folder}/fd`).catch(() => [])) {
        const target = await files.link(`${folder}/fd/${descriptor}`).catch(() => '');
        if (target !== 'anon_inode:inotify') continue;
        instances++;
        const info = await files.read(`${folder}/fdinfo/${descriptor}`).catch(() => '');
        watches += info.split('\n').filter((line) => line.startsWith('inotify ')).length;
      }
    }
    return { instances, watches };
  });
}
