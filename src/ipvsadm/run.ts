import { isFailure } from '../formats/ipvsadm/grammar/failure.ts';
import { parseCommand } from '../formats/ipvsadm/grammar/parse.ts';
import type { ProgramIo } from './program-io.ts';
import { withNames } from './resolve.ts';
import { runCommand } from './run-command.ts';
import { withKernel, withKernelToChange } from './run-kernel.ts';
import { runRestore } from './run-restore.ts';
import { formatUsage, VERSION_LINE } from './usage.ts';

/** Runs one command line, without the name of the program. Returns the exit status. */
export async function runIpvsadm(argv: readonly string[], io: ProgramIo): Promise<number> {
  const { programName, posixlyCorrect = false, resolver, stdout, stderr } = io;
  const command = await withNames(
    (names) => parseCommand(argv, { programName, posixlyCorrect, names, signedMarks: false }),
    resolver,
  );
  if (isFailure(command)) {
    stderr(`${command.message}\n`);
    return command.exit;
  }
  switch (command.kind) {
    case 'help':
      stdout(formatUsage(programName));
      return 0;
    case 'version':
      stdout(VERSION_LINE);
      return 0;
    case 'restore':
      return runRestore(io);
    case 'modify':
      return withKernelToChange(io, ({ ipvs, announce }, info) => {
        announce(1);
        return runCommand(command, ipvs, info, io);
      });
    default:
      return withKernel(io, (ipvs, info) => runCommand(command, ipvs, info, io));
  }
}
