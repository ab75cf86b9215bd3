import { Command } from 'commander';
import type { Environment } from './environment.ts';
import { loadVerbs } from './verbs.ts';

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
    .showHelpAfterError('    Run with --help for what there is.')
    .addHelpText('after', HELP_TEXT)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.print(text),
      writeErr: (text) => output.warn(text),
      outputError: (text, write) => write(text.replace(/^error:/, output.errorLabel())),
      getOutHelpWidth: () => output.layout('stdout').width,
      getErrHelpWidth: () => output.layout('stderr').width,
    });
  for (const verb of await loadVerbs(argv)) verb.addTo(program, environment, done);
  // Only for the help. The front end has its own command line, and main.ts runs it before this one.
  program
    .command('ipvsadm')
    .argument('[args...]')
    .description('do as ipvsadm does, with its arguments, output and exit statuses')
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', '\nSee `ipvstate help replacing-ipvsadm`.');
  return program;
}

/** Lines of at most 80 columns. */
const HELP_TEXT = `
Examples:
  ipvstate export > ipvs.yaml         start from what the kernel has now
  ipvstate validate -f ipvs.yaml      check a file; needs no root
  ipvstate plan -f ipvs.yaml          show what would be done
  ipvstate apply -f ipvs.yaml         do it, read back, roll back on failure
  ipvstate check -f ipvs.yaml         exit 2 when the kernel differs

Exit codes:
  0 done, or in sync   2 changes exist (check, or with --detailed-exitcode)
  3 refused   4 stale plan   5 rolled back   6 partial   7 unverified
  8 try not confirmed, and rolled back
  64 usage   65 invalid file   66 no such file   69 no IPVS or scheduler
  74 cannot write   75 another ipvstate is writing   77 no permission
  130, 143 stopped by a signal

\`ipvstate help\` lists the topics of the manual; \`ipvstate help TOPIC\` prints one`;
