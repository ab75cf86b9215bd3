import { Argument, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../model/duration.ts';

/** An option of a verb. Its value is a T: `absent` when the option is not given. */
export interface OptionOf<T> {
  readonly option: Option;
  readonly absent: T;
}

/** An argument of a verb. Its value is a T: `absent` when the argument is not given. */
export interface ArgumentOf<T> {
  readonly argument: Argument;
  readonly absent: T;
}

export interface OptionSet {
  readonly [name: string]: OptionOf<unknown>;
}

/** The arguments of a verb, in the order of the command line. */
export interface ArgumentSet {
  readonly [name: string]: ArgumentOf<unknown>;
}

/** The values of a set of options or arguments, under the same names. */
export type ValuesOf<Set extends OptionSet | ArgumentSet> = {
  readonly [Name in keyof Set]: Set[Name]['absent'];
};

/** Option without a value; true when it is given, also for `--no-...`. */
export function flag(flags: string, description: string): OptionOf<boolean> {
  return { option: new Option(flags, description), absent: false };
}

export function text(flags: string, description: string): OptionOf<string | undefined> {
  return { option: new Option(flags, description), absent: undefined };
}

/** Option that may be given several times. */
export function repeated(flags: string, description: string): OptionOf<readonly string[]> {
  const collect = (value: string, earlier: readonly string[] = []): readonly string[] => [
    ...earlier,
    value,
  ];
  return { option: new Option(flags, description).argParser(collect), absent: [] };
}

/** Option whose text becomes a T. `parse` throws `InvalidArgumentError`. */
export function parsed<T>(
  flags: string,
  description: string,
  parse: (text: string) => T,
): OptionOf<T | undefined> {
  return { option: new Option(flags, description).argParser(parse), absent: undefined };
}

/** Option whose text becomes a number. The help shows the default as `shown`. */
export function number(
  flags: string,
  description: string,
  parse: (text: string) => number,
  absent: number,
  shown: string,
): OptionOf<number> {
  const option = new Option(flags, description).default(absent, shown).argParser(parse);
  return { option, absent };
}

export function choice<Choice extends string>(
  flags: string,
  description: string,
  choices: readonly Choice[],
  absent: NoInfer<Choice>,
): OptionOf<Choice> {
  return { option: new Option(flags, description).choices(choices).default(absent), absent };
}

/** `-o`, with the names of a table of formats as its choices. */
export function outputFormat<Format extends string>(
  formats: Readonly<Record<Format, unknown>>,
  absent: NoInfer<Format>,
): OptionOf<Format> {
  const option = new Option('-o, --output <format>', 'output format');
  return { option: option.choices(Object.keys(formats)).default(absent), absent };
}

/** Option with the names of a table as its choices. Its value is what the table has there. */
export function entryOf<Entry>(
  flags: string,
  description: string,
  table: Readonly<Record<string, Entry>>,
): OptionOf<Entry | undefined> {
  const option = new Option(flags, description).choices(Object.keys(table));
  const requireChoice = option.parseArg;
  option.argParser((name: string) => {
    requireChoice?.(name, undefined);
    return table[name];
  });
  return { option, absent: undefined };
}

/** Option that the help leaves out: a verb that refuses the option can say why. */
export function hiddenText(flags: string): OptionOf<string | undefined> {
  return { option: new Option(flags).hideHelp(), absent: undefined };
}

export function requiredArgument(name: string, description: string): ArgumentOf<string> {
  return { argument: new Argument(`<${name}>`, description), absent: '' };
}

export function optionalArgument(
  name: string,
  description: string,
): ArgumentOf<string | undefined> {
  return { argument: new Argument(`[${name}]`, description), absent: undefined };
}

/** The last argument of a verb, which may be given any number of times. */
export function repeatedArgument(name: string, description: string): ArgumentOf<readonly string[]> {
  return { argument: new Argument(`[${name}...]`, description), absent: [] };
}

/** An argument that is one fixed word, or absent. */
export function wordArgument<const Word extends string>(
  word: Word,
  description: string,
): ArgumentOf<Word | undefined> {
  return { argument: new Argument(`[${word}]`, description).choices([word]), absent: undefined };
}

/** An argument with the names of a table as its choices. It is required without `absent`. */
export function choiceArgument<Choice extends string>(
  name: string,
  description: string,
  table: Readonly<Record<Choice, unknown>>,
  absent?: NoInfer<Choice>,
): ArgumentOf<Choice> {
  const choices = Object.keys(table) as [Choice, ...Choice[]];
  const isRequired = absent === undefined;
  const argument = new Argument(isRequired ? `<${name}>` : `[${name}]`, description);
  argument.choices(choices);
  return {
    argument: isRequired ? argument : argument.default(absent),
    absent: absent ?? choices[0],
  };
}

/** Seconds from `90`, `90s`, `15m` or `1h30m`; undefined for any other text. */
export function parseSeconds(text: string): number | undefined {
  return /^(?:0|[1-9]\d{0,9})$/.test(text) ? Number(text) : parseDuration(text);
}

/** Value of a time option in seconds. */
export function parseTime(text: string): number {
  const seconds = parseSeconds(text);
  if (seconds === undefined)
    throw new InvalidArgumentError('Expected a time such as 90s, 15m or 1h30m.');
  return seconds;
}

/** Parses the number of a generation. */
export function parseGeneration(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('Expected a number from 1 on.');
  return Number(text);
}
