import type { Argument, Command, Option } from 'commander';

/** A command line of a verb that ends in the middle of a word. */
export interface Unfinished {
  /** Values of the options before the last word, by long name, such as `--file`. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Options without a value before the last word, by long name. */
  readonly flags: ReadonlySet<string>;
  /** Arguments before the last word. */
  readonly given: readonly string[];
  readonly wanted: Wanted;
  /** Beginning of the wanted text: the last word, or its part after `head`. */
  readonly prefix: string;
  /** Beginning of the last word that stays: `--output=`, or nothing. */
  readonly head: string;
}

/** The part of the command line that the last word is. */
export type Wanted =
  | { readonly kind: 'option' }
  | { readonly kind: 'value'; readonly of: Option }
  | { readonly kind: 'argument'; readonly of: Argument | undefined };

/** Reads the words after the verb as commander does. The last one is being typed. */
export function readUnfinished(words: readonly string[], command: Command): Unfinished {
  const last = words.at(-1) ?? '';
  const reader = new Reader(command);
  for (const word of words.slice(0, -1)) reader.read(word);
  const { values, flags, given, waiting } = reader;
  const line = { values, flags, given, prefix: last, head: '' };
  if (waiting) return { ...line, wanted: { kind: 'value', of: waiting } };
  const positions = command.registeredArguments;
  const of = positions[given.length] ?? positions.findLast(({ variadic }) => variadic);
  if (!reader.takesOptions || (of && !last.startsWith('-')))
    return { ...line, wanted: { kind: 'argument', of } };
  const [, name = '', prefix = ''] = /^(--[^=]+)=(.*)$/s.exec(last) ?? [];
  const option = findOption(command, name);
  return option?.required
    ? { ...line, wanted: { kind: 'value', of: option }, prefix, head: `${name}=` }
    : { ...line, wanted: { kind: 'option' } };
}

function findOption({ options }: Command, flag: string): Option | undefined {
  return options.find(({ long, short }) => flag !== '' && (flag === long || flag === short));
}

class Reader {
  readonly values = new Map<string, string[]>();
  readonly flags = new Set<string>();
  readonly given: string[] = [];
  /** The option whose value is the next word. */
  waiting: Option | undefined;
  /** False after `--`. */
  takesOptions = true;
  readonly #command: Command;

  constructor(command: Command) {
    this.#command = command;
  }

  read(word: string): void {
    if (this.waiting) this.#add(this.waiting, word);
    else if (!this.takesOptions || !word.startsWith('-') || word === '-') this.given.push(word);
    else if (word === '--') this.takesOptions = false;
    else if (word.startsWith('--')) this.#readLong(word);
    else this.#readShort(word.slice(1));
  }

  #readLong(word: string): void {
    const [name = '', ...rest] = word.split('=');
    const option = findOption(this.#command, name);
    if (!option?.required) this.flags.add(name);
    else if (rest.length > 0) this.#add(option, rest.join('='));
    else this.waiting = option;
  }

  /** Reads letters: flags, and at most one option, whose value is the rest or the next word. */
  #readShort(letters: string): void {
    for (const [at, letter] of [...letters].entries()) {
      const option = findOption(this.#command, `-${letter}`);
      if (!option?.required) {
        this.flags.add(option?.long ?? '');
        continue;
      }
      const value = letters.slice(at + 1);
      if (value === '') this.waiting = option;
      else this.#add(option, value);
      return;
    }
  }

  #add({ long }: Option, value: string): void {
    this.waiting = undefined;
    const name = long ?? '';
    this.values.set(name, [...(this.values.get(name) ?? []), value]);
  }
}
