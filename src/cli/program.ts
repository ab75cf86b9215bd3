import { Command } from 'commander';
import { printableEcho } from '../model/printable.ts';
import { formatProgramHelp, type ListedVerb } from './declare/program-help.ts';
import { HELP_HINT } from './declare/wrong-usage.ts';
import type { Environment } from './environment.ts';
import { loadVerbs } from './verbs.ts';

/** The front end has its own command line, and main.ts runs it before this one. */
const FRONT_END: ListedVerb = {
  name: 'ipvsadm',
  job: 'files',
  summary: 'do as ipvsadm does',
};

/** Command line of the program, with at least the verb that `argv` calls. */
export async function buildProgram(
  argv: readonly string[],
  environment: Environment,
  done: (exitCode: number) => void,
): Promise<Command> {
  const { output, version } = environment;
  const program = new Command('ipvstate')
    .description("Desired state for IPVS, the Linux kernel's layer-4 load balancer.")
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .helpCommand(false)
    .showHelpAfterError(`    ${HELP_HINT}`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.print(text),
      writeErr: (text) => output.warn(text),
      outputError: (text, write) => {
        const message = printableEcho(describeUsage(text.trimEnd()), argv);
        write(`${output.errorLabel()} ${message}${adviceAbout(text, program)}\n`);
      },
      getOutHelpWidth: () => output.layout('stdout').width,
      getErrHelpWidth: () => output.layout('stderr').width,
    });
  const verbs = await loadVerbs(argv);
  for (const verb of verbs) verb.addTo(program, environment, done);
  program.helpInformation = (context) =>
    formatProgramHelp(
      [...verbs, FRONT_END],
      output.layout(context?.error ? 'stderr' : 'stdout').width,
    );
  program.command(FRONT_END.name).summary(FRONT_END.summary);
  return program;
}

/** Turns a message of commander about a wrong command line into one of ours, without a label. */
export function describeUsage(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/^command-argument value ('.*') is invalid for argument '\w+'\./s, '$1 is not known.');
}

/** A configuration without its -f is the most frequent argument that is too many. */
function adviceAbout(message: string, { commands }: Command): string {
  const [, verb] = /^error: too many arguments for '(\w+)'/.exec(message) ?? [];
  const options = commands.find((command) => command.name() === verb)?.options ?? [];
  if (!options.some(({ long }) => long === '--file')) return '';
  return `\n(Name a configuration with -f: ipvstate ${verb} -f FILE)`;
}
