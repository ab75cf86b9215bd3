import type { Process } from '../../kernel/facts/processes.ts';
import type { Pause } from '../../model/pause.ts';
import type { Check, Facts } from '../facts.ts';
import { advise, type Finding, listOf, notKnown, ok, remark, run, warning } from '../finding.ts';

/** The lock of this network namespace. */
export const LOCK: Check = {
  name: 'lock',
  examine: ({ lock, kernel: { processes } }) => {
    if (!lock.isKnown) return [notKnown('who holds the lock', lock)];
    const { isHeld, holder, isHolderRunning } = lock.value;
    const who = holder && `${holder.command} (pid ${holder.pid}) since ${holder.started}`;
    const inContainer = processes.isKnown && processes.value.isContainer;
    // Some file systems show another device in /proc/locks than stat(2) does.
    if (!isHeld && holder && (inContainer || isHolderRunning))
      return [
        notKnown('who holds the lock', {
          isKnown: false,
          reason: `${who} wrote itself down, and /proc/locks does not show its lock here`,
          needsRoot: false,
        }),
      ];
    if (!isHeld) return [ok('no command holds it')];
    if (holder?.command.startsWith('ipvstate watch')) return [ok(`it is held by ${who}`)];
    return [
      remark(
        `it is held by ${who ?? 'a process that has not said yet who it is'}`,
        'Another command that writes exits 75 meanwhile, or waits for as long as --lock-timeout.',
      ),
    ];
  },
};

/** Other programs that write to the same table. */
export const WRITERS: Check = {
  name: 'other writers',
  examine: ({ desired, lock, pause, kernel: { processes } }) => {
    if (!processes.isKnown) return [notKnown('who else writes to the table', processes)];
    const { writers, daemons, areHidden, isContainer } = processes.value;
    const isShared = desired?.policy?.manage !== undefined;
    const findings = [
      ...writers.flatMap((writer) => aboutPlace(writer, () => [])),
      ...[...pidsHere(writers)].map(([name, pids]) => writerFinding(name, pids, isShared)),
      // In a container, the lock names its holder by the pid of another PID namespace.
      ...(isContainer ? [] : daemons).flatMap((daemon) =>
        aboutPlace(daemon, () => daemonFindings(daemon, lock, pause)),
      ),
    ];
    if (areHidden)
      findings.push(
        notKnown('who else writes to the table', {
          isKnown: false,
          reason: 'this user may not see all processes',
          needsRoot: true,
        }),
      );
    else if (isContainer)
      findings.push(
        remark(
          'only processes of this container are seen',
          'A program outside of it can write to the same table, for instance kube-proxy.',
        ),
      );
    return findings.length > 0 ? findings : [ok('no other program that writes to IPVS runs here')];
  },
};

/** Leaves out processes of other network namespaces, which have tables of their own. */
function aboutPlace(
  { name, pid, isHere }: Process,
  findings: () => readonly Finding[],
): readonly Finding[] {
  if (!isHere.isKnown)
    return [notKnown(`whether ${name} (pid ${pid}) writes to this table`, isHere)];
  return isHere.value ? findings() : [];
}

/** The processes of each program in this network namespace: keepalived, for one, has several. */
function pidsHere(writers: readonly Process[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const { name, pid, isHere } of writers)
    if (isHere.isKnown && isHere.value) found.set(name, [...(found.get(name) ?? []), pid]);
  return found;
}

function writerFinding(name: string, pids: readonly number[], isShared: boolean): Finding {
  const seen = `${name} (pid ${listOf(pids.map(String))}) runs in this network namespace`;
  if (isShared)
    return remark(seen, 'It may write to the same table. The files have a scope: `manage`.');
  return warning(
    seen,
    'It may write to the same table. Each of the two programs then takes back what the other one ' +
      'does.',
    advise('Stop it, or give the files a scope: `manage`. See `ipvstate help configuration`.'),
  );
}

/** Returns nothing for the daemon that holds the lock. A paused daemon gives its lock away. */
function daemonFindings(
  { name, pid }: Process,
  lock: Facts['lock'],
  pause: Facts['pause'],
): Finding[] {
  const subject = `${name} (pid ${pid})`;
  if (!lock.isKnown) return [notKnown(`whether ${subject} holds the lock`, lock)];
  const { isHeld, holder } = lock.value;
  if (isHeld && holder?.pid === pid) return [];
  // A process that finds the disk full takes the lock, and cannot write its name.
  if (isHeld && !holder)
    return [notKnown(`whether ${subject} holds the lock`, { ...NAMELESS, needsRoot: false })];
  if (!pause.isKnown) return [notKnown(`whether ${subject} is paused`, pause)];
  if (pause.value) return [pauseFinding(subject, pause.value)];
  return [
    warning(
      `${subject} runs in this network namespace, and does not hold the lock`,
      'It has another runtime folder (IPVSTATE_RUNTIME_DIR), or is about to start. Two daemons ' +
        'for one table work against each other.',
      advise(`Stop one of the two: kill ${pid}`),
    ),
  ];
}

const NAMELESS = { isKnown: false, reason: 'the lock does not name its holder' } as const;

function pauseFinding(subject: string, { who, services }: Pause): Finding {
  const effect = services ? `leaves ${listOf(services)} alone` : 'writes nothing to the table';
  return remark(
    `${who} paused ${subject}`,
    `It ${effect}, and gives its lock away meanwhile. \`ipvstate status\` says until when.`,
    run('ipvstate resume'),
  );
}
