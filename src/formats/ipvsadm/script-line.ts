import type { ScriptLine, ScriptWord } from './script-words.ts';

interface CommandWords {
  /** The words after the name of the program. */
  readonly args: readonly ScriptWord[];
  readonly problem:
    | { readonly message: string; readonly hint: string; readonly word: ScriptWord }
    | undefined;
}

const ONLY_IPVSADM =
  'only ipvsadm lines can be read; ' +
  'run the script on a test machine and save the result with `ipvsadm -S -n`';

/** Removes `sudo` and the name of the program. Refuses a line that does not call ipvsadm. */
export function splitCommandWords(line: ScriptLine): CommandWords {
  const { words, shell } = line;
  const rest = words[0]?.text === 'sudo' ? words.slice(1) : words;
  const args = rest[0] && isProgram(rest[0].text) ? rest.slice(1) : rest;
  const [first] = args;
  if (first && args === rest && !isOptionWord(first.text)) {
    return {
      args,
      problem: {
        message: `"${first.text}" is not an ipvsadm command`,
        hint: ONLY_IPVSADM,
        word: first,
      },
    };
  }
  if (shell)
    return {
      args,
      problem: { message: shellMessage(shell.text), hint: ONLY_IPVSADM, word: shell },
    };
  return { args, problem: undefined };
}

function shellMessage(character: string): string {
  if (character === "'" || character === '"') return 'the quote is not closed on this line';
  return `"${character}" needs a shell`;
}

/** Tells whether a word is `ipvsadm`, with or without a path. */
export function isProgram(word: string): boolean {
  return word === 'ipvsadm' || word.endsWith('/ipvsadm');
}

function isOptionWord(word: string): boolean {
  return /^-(?:[A-Za-z0-9]|-[a-z])/.test(word);
}
