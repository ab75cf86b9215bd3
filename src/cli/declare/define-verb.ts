import type { Command } from 'commander';
import type { Environment } from '../environment.ts';
import type { ShownStages } from '../output.ts';
import { COMMON_EXITS, type Exits } from './exit-groups.ts';
import { COMMON_OPTIONS } from './option-groups.ts';
import type { ArgumentSet, OptionSet, ValuesOf } from './options.ts';
import type { Job, ListedVerb } from './program-help.ts';
import { formatVerbHelp } from './verb-help.ts';

/** Declaration that the file of a verb makes. */
interface VerbDeclaration<
  Name extends string,
  Options extends OptionSet,
  Arguments extends ArgumentSet,
> {
  readonly name: Name;
  /** Place in the list of verbs. */
  readonly job: Job;
  /** Words in the list of verbs, of at most 25 columns. */
  readonly summary: string;
  /** Sentence in the verb's own help. */
  readonly description: string;
  /** In the order of the command line: required ones, optional ones, and at most one repeated. */
  readonly arguments?: Arguments;
  /** In the order of the help. */
  readonly options: Options;
  /**
   * Every exit code that the verb has beside those of all verbs, and what it means. Tests refuse
   * an exit code that is not declared.
   */
  readonly exits: Exits;
  /** Two command lines or more, of at most 78 columns. Tests execute them. */
  readonly examples: readonly string[];
  /** Lines below the examples, of at most 80 columns. */
  readonly notes?: readonly string[];
  /**
   * Runs the verb and returns the exit code. `given` has the arguments, and `program` is the
   * command line that has the verb.
   */
  readonly run: (
    options: ValuesOf<Options>,
    environment: Environment,
    given: ValuesOf<Arguments>,
    program: Command,
  ) => Promise<number>;
}

/** A verb as the program needs it, whatever its options are. */
export interface Verb<Name extends string = string> extends ListedVerb {
  readonly name: Name;
  readonly exits: Exits;
  readonly examples: readonly string[];
  /** Adds the verb to a command line; `done` receives the exit code when the verb has run. */
  readonly addTo: (
    program: Command,
    environment: Environment,
    done: (exitCode: number) => void,
  ) => void;
}

export function defineVerb<
  const Name extends string,
  Options extends OptionSet,
  Arguments extends ArgumentSet = Record<never, never>,
>(verb: VerbDeclaration<Name, Options, Arguments>): Verb<Name> {
  const { name, job, summary, description, options, examples, notes = [], run } = verb;
  const exits = { ...COMMON_EXITS, ...verb.exits };
  const positions = Object.entries(verb.arguments ?? {});
  return {
    ...{ name, job, summary, exits, examples },
    addTo: (program, environment, done) => {
      const command = program
        .command(name, { hidden: job === 'hidden' })
        .summary(summary)
        .description(description)
        .helpOption('-h, --help', 'print this')
        .addHelpText('after', formatVerbHelp({ exits, examples, notes }));
      for (const [, { argument }] of positions) command.addArgument(argument);
      for (const { option } of [...Object.values(options), ...Object.values(COMMON_OPTIONS)])
        command.addOption(option);
      command.action(async () => {
        const stages = stagesOf(valuesOf(options, command));
        environment.output.configure({ ...valuesOf(COMMON_OPTIONS, command), stages });
        const given = positions.map(([key, { absent }], index) => [
          key,
          command.processedArgs[index] ?? absent,
        ]);
        // As with options: commander gave each value the type of its argument.
        const values = Object.fromEntries(given) as ValuesOf<Arguments>;
        done(await run(valuesOf(options, command), environment, values, program));
      });
    },
  };
}

/** Only a verb with the option `--verbose` shows its stages. */
function stagesOf({ verbose }: { readonly verbose?: unknown }): ShownStages {
  if (verbose === undefined) return 'hidden';
  return verbose === true ? 'listed' : 'shown';
}

/** Reads the values of a set of options. Commander holds each under a name made from its flags. */
function valuesOf<Options extends OptionSet>(
  options: Options,
  command: Command,
): ValuesOf<Options> {
  const given = command.opts();
  const values = Object.entries(options).map(([name, { option, absent }]) => {
    const value = given[option.attributeName()];
    // Commander counts a `--no-...` as true until it is given.
    return [name, option.negate ? !value : (value ?? absent)];
  });
  // The only cast: commander parsed each value with the parser that gives the option its type.
  return Object.fromEntries(values) as ValuesOf<Options>;
}
