import { parseScript } from '../formats/ipvsadm/script.ts';
import type { Desired } from '../model/desired.ts';
import { hasErrors } from '../model/issue.ts';
import type { ProgramIo } from './program-io.ts';
import { withNames } from './resolve.ts';
import { runIpvsadm } from './run.ts';

const SAVE_USAGE = `ipvsadm-save: Script to save the IPVS table to stdout.
   With the -n option, prints out the table in numeric format.
`;

/** `ipvsadm-save [-n]`. Other words than options are ignored, as by the script that it replaces. */
export async function runIpvsadmSave(argv: readonly string[], io: ProgramIo): Promise<number> {
  if (argv.some((word) => word.startsWith('-') && word !== '-n')) {
    io.stderr(SAVE_USAGE);
    return 1;
  }
  return runIpvsadm(argv.includes('-n') ? ['-S', '-n'] : ['-S'], io);
}

/**
 * `ipvsadm-restore`: reads the rules as the table that is wanted. Unlike the script that it replaces, which clears the table before it
 * has read the first line, nothing is done when one is wrong (status 2) or none adds or clears anything.
 * @param apply brings the live table to the wanted one; its status is returned
 */
export async function runIpvsadmRestore(
  io: ProgramIo,
  apply: (desired: Desired) => Promise<number>,
): Promise<number> {
  const { readStdin, resolver, stderr } = io;
  const text = (await readStdin()).toString('utf8');
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
