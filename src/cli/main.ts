import { CommanderError } from 'commander';
import { IpvstateError } from '../errors.ts';
import { EXIT, exitCodeOfError } from '../render/exit.ts';
import type { Environment } from './environment.ts';
import { isFrontEnd, runFrontEnd } from './ipvsadm.ts';
import { buildProgram } from './program.ts';

/** Runs a command line, without the program's name, and returns the exit code. Never throws. */
export async function main(argv: readonly string[], environment: Environment): Promise<number> {
  const { output, programName } = environment;
  try {
    if (isFrontEnd(programName))
      return await runFrontEnd(programName, programName, argv, environment);
    const [first, ...rest] = argv;
    if (isFrontEnd(first))
      return await runFrontEnd(first, `${programName} ${first}`, rest, environment);
    const netns = netnsOf(argv);
    const status =
      netns === undefined
        ? undefined
        : await (await import('../kernel/netns.ts')).runInNetns(netns);
    if (status !== undefined) return status;
    return await runVerb(argv, environment);
  } catch (error) {
    output.warn(describe(error, environment));
    return exitCodeOfError(error);
  }
}

async function runVerb(argv: readonly string[], environment: Environment): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = await buildProgram(argv, environment, (code) => {
    exitCode = code;
  });
  if (argv.length === 0) {
    program.outputHelp({ error: true });
    return EXIT.usage;
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has printed its message, or the help or the version that the command asked for.
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
}

/** Finds the last `--netns` before any verb is loaded: the whole command runs in the namespace. */
function netnsOf(argv: readonly string[]): string | undefined {
  let netns: string | undefined;
  for (const [index, word] of argv.entries()) {
    if (word === '--') break;
    if (word === '--netns') netns = argv[index + 1];
    else if (word.startsWith('--netns=')) netns = word.slice('--netns='.length);
  }
  return netns;
}

function describe(error: unknown, { output, env }: Environment): string {
  if (error instanceof IpvstateError)
    return `${output.errorLabel()} ${error.message}\n${error.hint ? `    ${error.hint}\n` : ''}`;
  const message = error instanceof Error ? error.message : String(error);
  const stack = (error instanceof Error && error.stack) || message;
  const advice = env.IPVSTATE_TRACE
    ? stack
    : '    Run again with IPVSTATE_TRACE=1 for the stack, and report it.';
  return `${output.errorLabel()} this is a bug: ${message}\n${advice}\n`;
}
