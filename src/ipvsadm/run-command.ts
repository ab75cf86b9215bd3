import { KernelError } from '../errors.ts';
import type { Caution, Command } from '../formats/ipvsadm/grammar/parsed-command.ts';
import { formatSave } from '../formats/ipvsadm/save.ts';
import type { Ipvs, IpvsInfo } from '../model/ipvs.ts';
import type { Operation } from '../model/operation.ts';
import { formatDaemonListing, formatTimeoutListing } from './listing.ts';
import { kernelMessage } from './messages.ts';
import type { ProgramIo } from './program-io.ts';
import { listConnections, listServices, printUnmanageable } from './run-listing.ts';

type KernelCommand = Exclude<Command, { readonly kind: 'help' | 'version' | 'restore' }>;

/**
 * Runs a command that needs the kernel. Returns ipvsadm's exit status: 255 for a refused change, 1
 * for a refused listing.
 */
export async function runCommand(
  command: KernelCommand,
  ipvs: Ipvs,
  info: IpvsInfo,
  io: ProgramIo,
): Promise<number> {
  const { stdout, stderr } = io;
  if (command.kind === 'modify') {
    const refused = await ipvs.execute([command.operation]);
    for (const caution of command.cautions) printCaution(caution, stderr);
    return printOutcome(command.operation, refused.get(0), stderr);
  }
  try {
    switch (command.kind) {
      case 'list':
        return await listServices(command, ipvs, info, io);
      case 'list-connections':
        return await listConnections(command, io);
      case 'list-timeouts':
        stdout(formatTimeoutListing((await ipvs.read({ services: [] })).table.timeouts));
        return 0;
      case 'list-daemons':
        stdout(formatDaemonListing((await ipvs.read({ services: [] })).table.daemons));
        return 0;
      case 'save': {
        const snapshot = await ipvs.read();
        stdout(formatSave(snapshot.table));
        printUnmanageable(snapshot.unmanageable, stderr);
        return 0;
      }
      default:
        return command satisfies never;
    }
  } catch (error) {
    if (!(error instanceof KernelError) || error.code !== 'KERNEL') throw error;
    stderr(`${kernelMessage('list', error.errno)}\n`);
    return 1;
  }
}

/** Prints the refusal of a change, if any. Returns the exit status of the change. */
export function printOutcome(
  operation: Operation,
  error: KernelError | undefined,
  stderr: (text: string) => void,
): number {
  if (!error) return 0;
  stderr(`${kernelMessage(operation.kind, error.errno)}\n`);
  return 255;
}

/** Prints a caution. ipvsadm users are used to unusual addresses, so these get no warning. */
export function printCaution({ code, message }: Caution, stderr: (text: string) => void): void {
  if (code !== 'ADDRESS') stderr(`Warning: ${message}\n`);
}
