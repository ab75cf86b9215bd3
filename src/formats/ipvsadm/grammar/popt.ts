import { COMMANDS, type CommandWord } from './commands.ts';
import { OPTIONS, type Option } from './options.ts';

/** A part of a command line. */
export type Token =
  | {
      readonly kind: 'option';
      readonly option: CommandWord | Option;
      /** undefined for a flag, and for a missing optional value. */
      readonly value: string | undefined;
      /** Index of the word that holds the option. */
      readonly word: number;
      /** Index of the last word of the option: its value may be a word of its own. */
      readonly last: number;
    }
  | { readonly kind: 'positional'; readonly text: string; readonly word: number }
  /** The end: words after a bad one are not read. */
  | { readonly kind: 'bad'; readonly reason: string; readonly word: number };

type Spelling = CommandWord | Option;
type Argument = 'none' | 'required' | 'optional';

const LONG = new Map<string, Spelling>(
  [...COMMANDS, ...OPTIONS].map((spelling) => [spelling.long, spelling]),
);
const SHORT = new Map<string, Spelling>([
  ...COMMANDS.flatMap((command) =>
    command.shorts.map((short): [string, Spelling] => [short, command]),
  ),
  ...OPTIONS.flatMap((option): [string, Spelling][] =>
    option.short === undefined ? [] : [[option.short, option]],
  ),
]);

export function isCommandWord(spelling: Spelling): spelling is CommandWord {
  return 'shorts' in spelling;
}

function argumentOf(spelling: Spelling): Argument {
  if (isCommandWord(spelling)) return spelling.takesState ? 'required' : 'none';
  if (spelling.value.kind === 'flag') return 'none';
  return spelling.value.kind === 'number' && spelling.value.optional ? 'optional' : 'required';
}

/**
 * Splits a command line into options and positional words by the rules of popt 1.19, which ipvsadm
 * uses: bundled short options, values in the same word, one skipped `=`, and no shortened long
 * options. Two features of popt are missing on purpose: its `!#:+` substitution and alias files.
 * @param posixlyCorrect the first positional word ends the options, as with POSIXLY_CORRECT
 */
export function splitOptions(argv: readonly string[], posixlyCorrect = false): Token[] {
  const tokens: Token[] = [];
  let next = 0;
  let onlyPositional = false;

  function take(option: Spelling, glued: string | undefined, word: number): boolean {
    const argument = argumentOf(option);
    if (argument === 'none' || glued !== undefined) {
      tokens.push({ kind: 'option', option, value: glued, word, last: word });
      return true;
    }
    const following = argv[next];
    if (following === undefined && argument === 'required') {
      tokens.push({ kind: 'bad', reason: 'missing argument', word });
      return false;
    }
    const taken =
      following !== undefined && (argument === 'required' || !following.startsWith('-'));
    if (taken) next++;
    tokens.push({
      kind: 'option',
      option,
      value: taken ? following : undefined,
      word,
      last: taken ? next - 1 : word,
    });
    return true;
  }

  function takeLong(text: string, word: number): boolean {
    const equals = text.indexOf('=');
    const option = LONG.get(equals === -1 ? text : text.slice(0, equals));
    if (!option) return refuse('unknown option', word);
    if (equals !== -1 && argumentOf(option) === 'none')
      return refuse('option does not take an argument', word);
    return take(option, equals === -1 ? undefined : text.slice(equals + 1), word);
  }

  function takeBundle(text: string, word: number): boolean {
    for (let at = 0; at < text.length; at++) {
      const option = SHORT.get(text.charAt(at));
      if (!option) return refuse('unknown option', word);
      const rest = text.slice(at + 1);
      if (argumentOf(option) === 'none') {
        if (rest.startsWith('=')) return refuse('option does not take an argument', word);
        take(option, undefined, word);
        continue;
      }
      return take(option, rest === '' ? undefined : rest.replace(/^=/, ''), word);
    }
    return true;
  }

  function refuse(reason: string, word: number): false {
    tokens.push({ kind: 'bad', reason, word });
    return false;
  }

  for (let text = argv[next]; text !== undefined; text = argv[next]) {
    const word = next++;
    if (onlyPositional || text === '-' || !text.startsWith('-')) {
      tokens.push({ kind: 'positional', text, word });
      onlyPositional ||= posixlyCorrect;
    } else if (text === '--') {
      onlyPositional = true;
    } else if (
      !(text.startsWith('--') ? takeLong(text.slice(2), word) : takeBundle(text.slice(1), word))
    ) {
      break;
    }
  }
  return tokens;
}
