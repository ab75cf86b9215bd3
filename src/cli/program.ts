import { Argument, Command, Option } from 'commander';
import { GUARD_VERB } from '../recovery/try/guard-verb.ts';
import {
  addCommonOptions,
  addConfirmationOptions,
  addDetailedExitCode,
  addFileOptions,
  addOutputOption,
  addPlanOptions,
  addTableOptions,
  addWriteOptions,
  collect,
  parsePositiveTime,
} from './arguments.ts';
import type { Environment } from './environment.ts';
import { HELP_TEXTS } from './help-texts.ts';
import type { ColorMode } from './output.ts';
import { SCHEMA_NAMES } from './verbs/schema-names.ts';
import { addControlOptions, addWatchOptions } from './watch-arguments.ts';

/** Runs a verb and gives its exit code to `done`. */
type Verb = (args: readonly unknown[], options: never) => Promise<number>;

function addApplyOptions(command: Command): Command {
  command.addArgument(
    new Argument('[plan]', 'a plan that `ipvstate plan --save` wrote, in place of -f'),
  );
  addOutputOption(addDetailedExitCode(addPlanOptions(command)), ['text', 'json']).addOption(
    new Option('--on-error <what>', 'when an operation fails')
      .choices(['rollback', 'stop', 'continue'])
      .default('rollback'),
  );
  return addConfirmationOptions(addWriteOptions(command));
}

/** The command line: each verb is loaded when it is called, because most of them need little of the program. */
export function buildProgram(
  environment: Environment,
  version: string,
  done: (exitCode: number) => void,
): Command {
  const program = new Command('ipvstate')
    .description("Desired state for IPVS, the Linux kernel's layer-4 load balancer.")
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .helpCommand('help [verb]', 'explain a verb, as --help does')
    .showHelpAfterError('    Run with --help for what there is.')
    .addHelpText('after', HELP_TEXTS[''] ?? '');

  const verb = (name: string, description: string, run: Verb): Command => {
    const command = program
      .command(name)
      .description(description)
      .helpOption('-h, --help', 'print this');
    return command
      .addHelpText('after', HELP_TEXTS[name] ?? '')
      .action(async (...args: unknown[]) => {
        const options = args.at(-2) as { readonly color: ColorMode; readonly quiet?: boolean };
        environment.output.configure(options);
        done(await run(args.slice(0, -2), { file: [], only: [], ...options } as never));
      });
  };

  const validate = verb(
    'validate',
    'check files without touching any table; all problems at once',
    async (_, options) => (await import('./verbs/validate.ts')).validate(options, environment),
  );
  addOutputOption(addFileOptions(validate), ['text', 'json', 'github', 'sarif']).option(
    '--strict',
    'let warnings fail, too',
  );

  const plan = verb('plan', 'show what apply would do', async (_, options) =>
    (await import('./verbs/plan.ts')).planVerb(options, environment),
  );
  addOutputOption(addDetailedExitCode(addPlanOptions(plan)), [
    'text',
    'json',
    'markdown',
    'ipvsadm',
  ]).option('--save <file>', 'write the plan, bound to the live table, for `ipvstate apply FILE`');

  const apply = verb(
    'apply',
    'make the table what the files, or a saved plan, say',
    async ([path], options) =>
      (await import('./verbs/apply.ts')).apply(path as string | undefined, options, environment),
  );
  addApplyOptions(apply).option(
    '--wait',
    'wait until removed destinations have drained, and delete them',
  );

  const trial = verb(
    'try',
    'apply, and undo it again unless `ipvstate confirm` comes in time',
    async ([path], options) =>
      (await import('./verbs/try.ts')).tryVerb(path as string | undefined, options, environment),
  );
  addApplyOptions(trial)
    .addOption(
      new Option('--timeout <time>', 'time to confirm')
        .default(120, '120s')
        .argParser(parsePositiveTime),
    )
    .option('--no-wait', 'return at once; the deadline stands');

  const confirm = verb('confirm', 'keep what the pending try did', async (_, options) =>
    (await import('./verbs/confirm.ts')).confirm(options, environment),
  );
  addWriteOptions(confirm).option(
    '--netns <name>',
    'work in this network namespace (a name of `ip netns`, or a path)',
  );

  const rollback = verb(
    'rollback',
    'go back to before the last apply, or reject the pending try',
    async (_, options) => (await import('./verbs/rollback.ts')).rollback(options, environment),
  );
  addOutputOption(addDetailedExitCode(addConfirmationOptions(addWriteOptions(rollback))), [
    'text',
    'json',
  ]).option('--netns <name>', 'work in this network namespace (a name of `ip netns`, or a path)');

  program
    .command(GUARD_VERB, { hidden: true })
    .argument('<id>')
    .action(async (id: string) =>
      done(await (await import('./verbs/guard-try.ts')).guardTry(id, environment)),
    );

  const check = verb(
    'check',
    'compare the live table with the files: exit 2 when they differ',
    async (_, options) => (await import('./verbs/check.ts')).check(options, environment),
  );
  addTableOptions(addFileOptions(check)).option(
    '--only <service>',
    'compare only this service (repeatable)',
    collect,
  );
  addOutputOption(check, ['text', 'json']);

  addWatchOptions(
    verb('watch', 'stay, and keep the live table as the files say', async (_, options) =>
      (await import('./verbs/watch.ts')).watch(options, environment, version),
    ),
  );

  const status = verb('status', 'what the running daemon is about', async (_, options) =>
    (await import('./verbs/status.ts')).status(options, environment),
  );
  addOutputOption(addControlOptions(status), ['text', 'json']);

  addControlOptions(
    verb(
      'reload',
      'have the daemon read files and kernel now, and wait for it',
      async (_, options) => (await import('./verbs/reload.ts')).reload(options, environment),
    ),
  );

  const approve = verb(
    'approve',
    'have the daemon execute the plan that a guard holds back',
    async ([plan], options) =>
      (await import('./verbs/approve.ts')).approve(
        plan as string | undefined,
        options,
        environment,
      ),
  );
  addControlOptions(
    approve.addArgument(
      new Argument('[plan]', 'only if it is still this plan, as `ipvstate status` names it'),
    ),
  );

  const exporter = verb(
    'export',
    'print the live table: as a configuration, or as `ipvsadm -R` reads it',
    async (_, options) => (await import('./verbs/export.ts')).exportTable(options, environment),
  );
  addOutputOption(addTableOptions(exporter), ['yaml', 'json', 'save']);

  const importer = verb(
    'import',
    'translate `ipvsadm -Sn` text, or a script of ipvsadm lines, to a configuration',
    async ([path], options) =>
      (await import('./verbs/import.ts')).importFile(path as string, options, environment),
  );
  addOutputOption(importer.addArgument(new Argument('<file>', 'the file; - is stdin')), [
    'yaml',
    'json',
    'save',
  ]);

  verb(
    'schema',
    'print a JSON Schema: of the configuration, or of the JSON that plan or apply print',
    async ([name]) =>
      (await import('./verbs/schema.ts')).schema(
        name as (typeof SCHEMA_NAMES)[number],
        environment,
      ),
  ).addArgument(new Argument('[name]', 'which one').choices(SCHEMA_NAMES).default('config'));

  for (const command of program.commands) addCommonOptions(command);
  // Only for the help: it has a command line of its own, and main.ts runs it before this one is looked at.
  program
    .command('ipvsadm')
    .argument('[args...]')
    .description('do as ipvsadm does, with its arguments, output and exit statuses');

  return program;
}
