import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { defineVerb } from '../../src/cli/define-verb.ts';
import type { Environment } from '../../src/cli/environment.ts';
import {
  type ArgumentOf,
  choice,
  flag,
  number,
  optionalArgument,
  parsed,
  parseTime,
  repeated,
  text,
} from '../../src/cli/options.ts';
import { Output } from '../../src/cli/output.ts';
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

const environment = { output: new Output(new Captured(), new Captured(), {}) } as Environment;

/** The values that a verb with OPTIONS and one argument receives for a command line. */
async function received(...words: readonly string[]): Promise<object> {
  let values: object | undefined;
  const verb = defineVerb({
    ...{ name: 'walk', summary: '', examples: [] },
    argument: optionalArgument('place', ''),
    options: OPTIONS,
    run: async (options, _, place) => {
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
    const common = { name: 'walk', summary: '', examples: [] };
    defineVerb({
      ...common,
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
    const place: ArgumentOf<string | undefined> = optionalArgument('place', '');
    defineVerb({
      ...common,
      argument: place,
      options: {},
      // @ts-expect-error: the argument may be absent.
      run: async (_, __, given) => given.length,
    });
  });
});
