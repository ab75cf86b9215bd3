import { CommanderError } from 'commander';
import { IpvstateError } from '../errors.ts';
import { commandErrorView, formatErrorJson } from '../render/error-json.ts';
import { EXIT, exitCodeOfError } from '../render/exit.ts';
import { wrongUsage } from './declare/wrong-usage.ts';
import type { Environment } from './environment.ts';
import { isFrontEnd, runFrontEnd } from './ipvsadm.ts';
import { buildProgram, describeUsage } from './program.ts';

/** Runs a command line, without the program's name, and returns the exit code. Never throws. */
export async function main(argv: readonly string[], environment: Environment): Promise<number> {
  const { output, programName } = environment;
  const [first, ...rest] = argv;
  try {
    if (isFrontEnd(programName))
      return await runFrontEnd(programName, programName, argv, environment);
    if (isFrontEnd(first))
      return await runFrontEnd(first, `${programName} ${first}`, rest, environment);
  } catch (error) {
    output.warn(describe(error, argv, environment));
    return exitCodeOfError(error);
  }
  return wantsJson(argv) ? runForJson(argv, environment) : runForText(argv, environment);
}

async function runForText(argv: readonly string[], environment: Environment): Promise<number> {
  try {
    return await runInNamespace(argv, environment);
  } catch (error) {
    if (error instanceof CommanderError) return exitCodeOfCommander(error);
    environment.output.warn(describe(error, argv, environment));
    return exitCodeOfError(error);
  }
}

/** Runs a command line that asks for JSON: stdout gets one whole document, also when it fails. */
async function runForJson(argv: readonly string[], environment: Environment): Promise<number> {
  const { output } = environment;
  output.hold();
  try {
    const exitCode = await runInNamespace(argv, environment);
    output.release();
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      const exitCode = exitCodeOfCommander(error);
      const usage = wrongUsage(describeUsage(error.message));
      output.release(
        exitCode === EXIT.ok ? undefined : formatErrorJson(commandErrorView(usage, argv), exitCode),
      );
      return exitCode;
    }
    const exitCode = exitCodeOfError(error);
    output.warn(describe(error, argv, environment));
    output.release(formatErrorJson(commandErrorView(error, argv), exitCode));
    return exitCode;
  }
}

/** Commander has printed its message, or the help or the version that the command asked for. */
function exitCodeOfCommander({ exitCode }: CommanderError): number {
  return exitCode === 0 ? EXIT.ok : EXIT.usage;
}

async function runInNamespace(argv: readonly string[], environment: Environment): Promise<number> {
  const netns = lastValue(argv, '--netns');
  const status =
    netns === undefined ? undefined : await (await import('../kernel/netns.ts')).runInNetns(netns);
  return status ?? runVerb(argv, environment);
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
  } finally {
    environment.output.endProgress();
  }
  return exitCode;
}

/*
 * Two options are looked for before any verb is loaded: the whole command runs in the namespace,
 * and a command line that is wrong is answered in JSON, too.
 */

function wantsJson(argv: readonly string[]): boolean {
  return lastValue(argv, '--output', 'o') === 'json';
}

/** Finds the last value of an option. `letter` is its short name, which can follow other flags. */
function lastValue(argv: readonly string[], name: string, letter?: string): string | undefined {
  const short = letter === undefined ? undefined : new RegExp(`^-[qyhv]*${letter}(.*)$`, 's');
  let value: string | undefined;
  for (const [index, word] of argv.entries()) {
    if (word === '--') break;
    if (word === name) value = argv[index + 1];
    else if (word.startsWith(`${name}=`)) value = word.slice(name.length + 1);
    const attached = short?.exec(word)?.[1];
    if (attached !== undefined) value = attached || argv[index + 1];
  }
  return value;
}

function describe(error: unknown, argv: readonly string[], { output, env }: Environment): string {
  const { message, hint } = commandErrorView(error, argv);
  const isBug = !(error instanceof IpvstateError);
  const advice = hint === undefined ? '' : `    ${hint}\n`;
  const stack = isBug && env.IPVSTATE_TRACE && error instanceof Error ? `${error.stack}\n` : '';
  return `${output.errorLabel()} ${message}\n${stack || advice}`;
}
