import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { defineVerb } from '../../src/cli/declare/define-verb.ts';
import {
  choice,
  choiceArgument,
  flag,
  number,
  optionalArgument,
  parsed,
  parseTime,
  repeated,
  repeatedArgument,
  requiredArgument,
  text,
} from '../../src/cli/declare/options.ts';
import type { Environment } from '../../src/cli/environment.ts';
import { Output } from '../../src/cli/output.ts';
import { VERBS } from '../../src/cli/verbs.ts';
import { Captured } from '../support/run-cli.ts';

const OPTIONS = {
  hue: text('--paint <name>', 'named unlike its flag'),
  when: choice('--when <time>', 'one of three', ['now', 'soon', 'never'], 'soon'),
  wait: number('--wait <time>', 'a time', parseTime, 7, '7s'),
  size: parsed('--size <n>', 'parsed', Number),
  file: repeated('-f, --file <path>', 'several'),
  strict: flag('--strict', 'a flag'),
  noInput: flag('--no-input', 'a flag that begins with no'),
};

const COMMON = {
  name: 'walk',
  job: 'look',
  summary: '',
  description: '',
  exits: { ok: 'arrived' },
  examples: [],
} as const;

const environment = { output: new Output(new Captured(), new Captured(), {}) } as Environment;

/** The values that a verb with OPTIONS and one argument receives for a command line. */
async function received(...words: readonly string[]): Promise<object> {
  let values: object | undefined;
  const verb = defineVerb({
    ...COMMON,
    arguments: { place: optionalArgument('place', '') },
    options: OPTIONS,
    run: async (options, _, { place }) => {
      values = { ...options, place };
      return 3;
    },
  });
  const program = new Command().exitOverride();
  let exitCode: number | undefined;
  verb.addTo(program, environment, (code) => {
    exitCode = code;
  });
  await program.parseAsync(['walk', ...words], { from: 'user' });
  expect(exitCode).toBe(3);
  return values ?? {};
}

describe('a verb', () => {
  it('receives a value for every option that is not given', async () => {
    expect(await received()).toEqual({
      hue: undefined,
      when: 'soon',
      wait: 7,
      size: undefined,
      file: [],
      strict: false,
      noInput: false,
      place: undefined,
    });
  });

  it('receives each value under the name that its declaration gives the option', async () => {
    const line = 'there --paint red --when now --wait 2m --size 4 -f a -f b --strict --no-input';
    expect(await received(...line.split(' '))).toEqual({
      hue: 'red',
      when: 'now',
      wait: 120,
      size: 4,
      file: ['a', 'b'],
      strict: true,
      noInput: true,
      place: 'there',
    });
  });

  it('starts every run without the values of the run before', async () => {
    await received('-f', 'a');
    expect(await received('-f', 'b')).toMatchObject({ file: ['b'] });
  });

  it('compiles only with options that it declares, and with their types', () => {
    defineVerb({
      ...COMMON,
      options: OPTIONS,
      run: async (options) => {
        const when: 'now' | 'soon' | 'never' = options.when;
        // @ts-expect-error: the option is a flag.
        const strict: string = options.strict;
        // @ts-expect-error: the verb has no such option.
        return Number([options.verbose, when, strict]);
      },
    });
    // @ts-expect-error: the default is none of the choices.
    choice('--when <time>', '', ['now', 'soon'], 'later');
  });
});

describe('the arguments of a verb', () => {
  const ARGUMENTS = {
    size: choiceArgument('size', '', { small: 1, large: 2 }),
    from: requiredArgument('from', ''),
    to: optionalArgument('to', ''),
    stops: repeatedArgument('stop', ''),
  };

  /** The arguments that a verb with ARGUMENTS receives for a command line. */
  async function given(...words: readonly string[]): Promise<object> {
    let values: object = {};
    const verb = defineVerb({
      ...{ ...COMMON, options: {} },
      arguments: ARGUMENTS,
      run: async (_, __, received) => {
        values = received;
        return 0;
      },
    });
    const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
    verb.addTo(program, environment, () => {});
    await program.parseAsync(['walk', ...words], { from: 'user' });
    return values;
  }

  it('are received under the names of their declaration, by their order', async () => {
    const stops = ['three', 'four'];
    expect(await given('small', 'one', 'two', ...stops)).toEqual({
      ...{ size: 'small', from: 'one', to: 'two', stops },
    });
  });

  it('have a value when they are not given', async () => {
    expect(await given('large', 'one')).toEqual({
      ...{ size: 'large', from: 'one', to: undefined, stops: [] },
    });
  });

  it.each([
    { words: [], says: "missing required argument 'size'" },
    { words: ['small'], says: "missing required argument 'from'" },
    { words: ['medium', 'one'], says: 'Allowed choices are small, large.' },
  ])('$words are refused: $says', async ({ words, says }) => {
    await expect(given(...words)).rejects.toThrow(says);
  });

  it('compile only with their types', () => {
    defineVerb({
      ...{ ...COMMON, options: {} },
      arguments: ARGUMENTS,
      run: async (_, __, { size, from, to, stops }) => {
        const one: 'small' | 'large' = size;
        // @ts-expect-error: the argument may be absent.
        const length = to.length;
        // @ts-expect-error: the values are in a list.
        const text: string = stops;
        return Number([one, from.length, length, text, stops.length]);
      },
    });
    defineVerb({
      ...{ ...COMMON, options: {} },
      // @ts-expect-error: the verb declares no argument.
      run: async (_, __, { size }) => Number(size),
    });
    // @ts-expect-error: the default is none of the choices.
    choiceArgument('size', '', { small: 1, large: 2 }, 'medium');
  });

  it.each(Object.entries(VERBS))('of %s begin with those that are required', async (_, load) => {
    const program = new Command();
    (await load()).addTo(program, environment, () => {});
    const required = program.commands.flatMap((command) =>
      command.registeredArguments.map((argument) => argument.required),
    );
    expect(required).toEqual(required.toSorted((a, b) => Number(b) - Number(a)));
  });
});
