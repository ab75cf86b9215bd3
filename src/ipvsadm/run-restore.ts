import { type Failure, isFailure } from '../formats/ipvsadm/grammar/failure.ts';
import type { Names } from '../formats/ipvsadm/grammar/names.ts';
import type { Modify } from '../formats/ipvsadm/grammar/parsed-command.ts';
import { parseRestore, type RestoreLine } from '../formats/ipvsadm/restore.ts';
import type { Ipvs, IpvsInfo } from '../model/ipvs.ts';
import type { ChangeRun, ProgramIo } from './program-io.ts';
import { withNames } from './resolve.ts';
import { printCaution, printOutcome, runCommand } from './run-command.ts';
import { withKernel, withKernelToChange } from './run-kernel.ts';
import { formatUsage, VERSION_LINE } from './usage.ts';

/**
 * Changes for one call of `execute`. Larger waves are no faster, and they keep more memory alive.
 */
const WAVE = 330;

/**
 * Runs `-R`. All lines are read first. If some are wrong, they are printed with their numbers, and
 * no line runs. A line that the kernel refuses is printed with its number, and the next lines run,
 * as in ipvsadm. A signal stops the run between two waves. Returns the worst status of all lines.
 */
export async function runRestore(io: ProgramIo): Promise<number> {
  const { programName, posixlyCorrect = false, resolver, readStdin, stderr } = io;
  const input = await readStdin();
  const read = (names: Names) => parseRestore(input, { programName, posixlyCorrect, names });
  const { known, wrong, changes } = await withNames(
    (names) => ({ known: names, ...examine(read(names)) }),
    resolver,
  );
  for (const { line, failure } of wrong) stderr(`line ${line}: ${failure.message}\n`);
  if (wrong.length > 0)
    return wrong.reduce((worst, { failure }) => Math.max(worst, failure.exit), 0);
  if (changes === 0)
    return withKernel(io, (ipvs, info) => runLines(read(known), { ipvs }, info, io));
  return withKernelToChange(io, (run, info) => {
    run.announce(changes);
    return runLines(read(known), run, info, io);
  });
}

interface Examined {
  readonly wrong: readonly { readonly line: number; readonly failure: Failure }[];
  /** The number of lines that change the table. */
  readonly changes: number;
}

function examine(lines: Iterable<RestoreLine>): Examined {
  const wrong: { line: number; failure: Failure }[] = [];
  let changes = 0;
  for (const { line, command } of lines) {
    if (isFailure(command)) wrong.push({ line, failure: command });
    else if (command.kind === 'modify') changes++;
  }
  return { wrong, changes };
}

type Change = { readonly line: number; readonly command: Modify };

async function runLines(
  lines: Iterable<RestoreLine>,
  { ipvs, signal }: Pick<ChangeRun, 'ipvs'> & Partial<ChangeRun>,
  info: IpvsInfo,
  io: ProgramIo,
): Promise<number> {
  let worst = 0;
  let wave: Change[] = [];
  const flush = async () => {
    const changes = wave;
    wave = [];
    if (changes.length > 0) worst = Math.max(worst, await runChanges(changes, ipvs, io));
  };
  for (const { line, command } of lines) {
    if (command.kind === 'failure' || command.kind === 'restore')
      throw new Error('bad lines are reported before any is run');
    if (command.kind === 'modify') {
      wave.push({ line, command });
      if (wave.length === WAVE) await flush();
      if (signal?.aborted) return signal.reason as number;
      continue;
    }
    await flush();
    if (command.kind === 'help' || command.kind === 'version') {
      io.stdout(command.kind === 'help' ? formatUsage(io.programName) : VERSION_LINE);
      return worst;
    }
    const stderr = (text: string) => io.stderr(`line ${line}: ${text}`);
    worst = Math.max(worst, await runCommand(command, ipvs, info, { ...io, stderr }));
  }
  await flush();
  return worst;
}

/** The kernel runs a wave in its order and goes on after a refusal, like `-R` with single lines. */
async function runChanges(
  changes: readonly Change[],
  ipvs: Ipvs,
  { stderr }: ProgramIo,
): Promise<number> {
  const refused = await ipvs.execute(changes.map(({ command }) => command.operation));
  let worst = 0;
  for (const [index, { line, command }] of changes.entries()) {
    const numbered = (text: string) => stderr(`line ${line}: ${text}`);
    for (const caution of command.cautions) printCaution(caution, numbered);
    worst = Math.max(worst, printOutcome(command.operation, refused.get(index), numbered));
  }
  return worst;
}
