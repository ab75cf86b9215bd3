import { isFailure } from '../formats/ipvsadm/grammar/failure.ts';
import { parseCommand } from '../formats/ipvsadm/grammar/parse.ts';
import { withNames } from './resolve.ts';
import { runCommand } from './run-command.ts';
import { withKernel } from './run-kernel.ts';
import { runRestore } from './run-restore.ts';
import type { Surroundings } from './surroundings.ts';
import { formatUsage, VERSION_LINE } from './usage.ts';

/** Runs one ipvsadm command line (without the program's name) and returns its exit status. */
export async function runIpvsadm(
  argv: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { programName, posixlyCorrect = false, resolver, stdout, stderr } = surroundings;
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
      return runRestore(surroundings);
    default:
      return withKernel(surroundings, (ipvs, info) =>
        runCommand(command, ipvs, info, surroundings),
      );
  }
}
