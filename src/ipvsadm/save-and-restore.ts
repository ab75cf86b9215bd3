import { parseScript } from '../formats/ipvsadm/script.ts';
import type { Desired } from '../model/desired.ts';
import { hasErrors } from '../model/issue.ts';
import type { ProgramIo } from './program-io.ts';
import { withNames } from './resolve.ts';
import { runIpvsadm } from './run.ts';

const SAVE_USAGE = `ipvsadm-save: Script to save the IPVS table to stdout.
   With the -n option, prints out the table in numeric format.
`;

/** Runs `ipvsadm-save [-n]`. Words that are not options are ignored, as in the replaced script. */
export async function runIpvsadmSave(argv: readonly string[], io: ProgramIo): Promise<number> {
  if (argv.some((word) => word.startsWith('-') && word !== '-n')) {
    io.stderr(SAVE_USAGE);
    return 1;
  }
  return runIpvsadm(argv.includes('-n') ? ['-S', '-n'] : ['-S'], io);
}

/**
 * Runs `ipvsadm-restore`: reads the rules as the desired table. The replaced script clears the
 * table before it reads the first line. This one changes nothing and returns status 2 when a line
 * is wrong, or when no line adds a service or clears the table.
 * @param apply makes the live table equal to the desired one, and returns the exit status
 */
export async function runIpvsadmRestore(
  io: ProgramIo,
  apply: (desired: Desired) => Promise<number>,
): Promise<number> {
  const { readStdin, resolver, stderr } = io;
  const text = (await readStdin()).toString('utf8').replace(/^\ufeff/, '');
  const { desired, issues } = await withNames(
    (names) => parseScript(text, 'stdin', names),
    resolver,
  );
  for (const { severity, position, message, hint } of issues) {
    const prefix = severity === 'warning' ? 'Warning: ' : '';
    stderr(`line ${position.line}: ${prefix}${message}${hint === undefined ? '' : ` (${hint})`}\n`);
  }
  return desired === undefined || hasErrors(issues) ? 2 : apply(desired);
}
