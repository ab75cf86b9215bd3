import type { Command } from 'commander';
import type { Environment } from './environment.ts';
import { COMMON_OPTIONS } from './option-groups.ts';
import type { ArgumentSet, OptionSet, ValuesOf } from './options.ts';

/** Declaration that the file of a verb makes. */
interface VerbDeclaration<
  Name extends string,
  Options extends OptionSet,
  Arguments extends ArgumentSet,
> {
  readonly name: Name;
  /** Line in the list of verbs. */
  readonly summary: string;
  /** Keeps a verb that only the program calls out of the list of verbs. */
  readonly isHidden?: boolean;
  /** In the order of the command line: required ones, optional ones, and at most one repeated. */
  readonly arguments?: Arguments;
  /** In the order of the help. */
  readonly options: Options;
  /** Command lines, of at most 78 columns. */
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
export interface Verb<Name extends string = string> {
  readonly name: Name;
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
  const { name, summary, isHidden = false, options, examples, run } = verb;
  const positions = Object.entries(verb.arguments ?? {});
  return {
    name,
    examples,
    addTo: (program, environment, done) => {
      const command = program
        .command(name, { hidden: isHidden })
        .description(summary)
        .helpOption('-h, --help', 'print this')
        .addHelpText('after', helpText(verb));
      for (const [, { argument }] of positions) command.addArgument(argument);
      for (const { option } of [...Object.values(options), ...Object.values(COMMON_OPTIONS)])
        command.addOption(option);
      command.action(async () => {
        environment.output.configure(valuesOf(COMMON_OPTIONS, command));
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

function helpText({
  examples,
  notes = [],
}: Pick<VerbDeclaration<string, OptionSet, ArgumentSet>, 'examples' | 'notes'>): string {
  if (examples.length === 0) return '';
  const heading = examples.length === 1 ? 'Example:' : 'Examples:';
  const below = notes.length === 0 ? [] : ['', ...notes];
  return ['', heading, ...examples.map((line) => `  ${line}`), ...below].join('\n');
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
