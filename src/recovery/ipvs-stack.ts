import type { Activity } from '../kernel/activity.ts';
import { openKernel } from '../kernel/netlink/client.ts';
import { RememberedTable } from '../kernel/remembered-table.ts';
import { withInterfaces } from '../kernel/sync-daemons.ts';
import { withSysctls } from '../kernel/sysctls.ts';
import type { Ipvs } from '../model/ipvs.ts';
import { interruptible } from '../reconcile/interruptible.ts';
import type { Journal } from './journal/journal.ts';
import { type JournaledOptions, journaled } from './journal/journaled.ts';
import { type Recorder, recorded } from './recorder.ts';
import type { StoredPass } from './records/records.ts';
import { storePass } from './records/stored-pass.ts';

/*
 * Between the kernel and a command there is a stack of layers. Each layer is an `Ipvs` around the
 * layer below it, and has one job. This file is the only place that puts one layer on another.
 *
 *       plan, export,      apply, try       rollback,          a pass of watch
 *       ipvsadm -L,                         the end of a try,
 *       metrics                             ipvsadm -A
 *     ──────────────────────────────────────────────────────────────────────────
 *   8                                                          interruptible
 *   7                      journaled        journaled          journaled
 *   6                      recorded                            recorded
 *   5                                                          RememberedTable
 *   4                                                          Activity
 *   3   withSysctls        withSysctls      withSysctls        withSysctls
 *   2   withInterfaces     withInterfaces   withInterfaces     withInterfaces
 *   1   openKernel         openKernel       openKernel         openKernel
 *     ──────────────────────────────────────────────────────────────────────────
 *                             the kernel's IPVS table
 *
 * 1 `openKernel` speaks netlink. It lives as long as the command or the daemon.
 *
 * 2 `withInterfaces` refuses a sync daemon on an interface that does not exist, before the running
 *   daemon is stopped for it, and marks a running daemon whose interface is gone. It is directly on
 *   netlink, so that its refusal looks to all layers above like one of the kernel.
 *
 * 3 `withSysctls` reads and writes /proc/sys/net/ipv4/vs, which netlink does not reach. It is below
 *   all layers that know operations, so that all layers above treat a sysctl like any other part of
 *   the table: it is recorded, journaled and rolled back.
 *
 * 4 `Activity` notices when a call does not come back. The watchdog and the page `/healthz` ask it.
 *   It is below the layers that write files, so that a slow disk does not look like a kernel that
 *   does not answer.
 *
 * 5 `RememberedTable` answers a read of the whole table with a read of the services that changed
 *   files touch; the other services are as the last pass left them. It is below `recorded` and
 *   `journaled`: both need the whole table, and ignore reads of some services.
 *
 * 6 `recorded` stores the way back before a wave is sent. `try` does not send the wave when that
 *   fails. `apply` and `watch` warn, and go on.
 *
 * 7 `journaled` writes each wave before it is sent, and the answers after. It is above `recorded`,
 *   so that the journal also has the wave that was not sent because the way back could not be
 *   stored. A rollback is journaled and not recorded: the records that it starts from are the way
 *   back, and they are kept until it has ended. So are changes of the ipvsadm front end.
 *
 * 8 `interruptible` ends the first read of a pass when something more urgent waits. It is outermost
 *   because it counts the reads of the pass, and `RememberedTable` can turn one of them into a read
 *   of some services.
 *
 * Layers 6 to 8 know what they read and wrote, so each run and each pass has its own. Layers 1 to 5
 * stay.
 */

/** Layers 1 to 3: the kernel's table, for commands that only read, and for the stacks below. */
export async function openKernelTable(): Promise<Ipvs> {
  return withSysctls(withInterfaces(await openKernel()));
}

/** The parts that a run that writes needs besides the table. */
interface RunFiles {
  readonly journal: Journal;
  /** Stores the way back, each time whole. What it throws keeps the wave from being sent. */
  readonly record: (passes: readonly StoredPass[]) => Promise<void>;
}

/** Layers 6 and 7: a run of `apply` or `try`. */
export function stackOfRun(table: Ipvs, { journal, record }: RunFiles): Recorder {
  const { ipvs, announce } = recorded(table, (passes) => record(passes.map(storePass)));
  return { ipvs: journaled(ipvs, journal), announce };
}

/** Layer 7: a rollback, and a change of the ipvsadm front end. */
export function stackWithJournal(
  table: Ipvs,
  journal: Journal,
  options: JournaledOptions = {},
): Ipvs {
  return journaled(table, journal, options);
}

/** Layers 4 to 8: the passes of `watch`. */
export class StackOfPasses {
  /** Layer 5. The daemon tells it what each pass found. */
  readonly remembered: RememberedTable;

  constructor(table: Ipvs, activity: Activity) {
    this.remembered = new RememberedTable(activity.watched(table));
  }

  /** The stack of one pass. Without `interruption`, its first read cannot be ended. */
  open(files: RunFiles, interruption: AbortSignal | undefined): Recorder {
    const { ipvs, announce } = stackOfRun(this.remembered, files);
    return { ipvs: interruption ? interruptible(ipvs, interruption) : ipvs, announce };
  }
}
