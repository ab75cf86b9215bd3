import type { Command, Option } from 'commander';
import { hasInvisible } from '../../model/printable.ts';
import type { Environment } from '../environment.ts';
import { completeIpvsadm } from './ipvsadm-words.ts';
import { readUnfinished, type Unfinished } from './unfinished.ts';
import { completeValue, placeholderOf, VALUE_KINDS } from './values.ts';

/** A word that the last word of a command line can become. */
export interface Candidate {
  readonly word: string;
  /** A few words that some shells show beside it. */
  readonly about?: string;
}

/** Answer for a command line: words, and the files that the shell knows. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly takesFile: boolean;
}

/** Completes the last word of a command line, without the program's name. */
export async function complete(
  words: readonly string[],
  program: Command,
  environment: Environment,
): Promise<Completion> {
  const { candidates, takesFile } = await allCandidates(words, program, environment);
  const last = words.at(-1) ?? '';
  return {
    takesFile,
    candidates: candidates.filter(({ word }) => word.startsWith(last) && !hasInvisible(word)),
  };
}

async function allCandidates(
  words: readonly string[],
  program: Command,
  environment: Environment,
): Promise<Completion> {
  const [verb = '', ...rest] = words;
  if (rest.length === 0) return listed([...verbsOf(program), ...optionsOf(program).candidates]);
  if (verb === 'ipvsadm') return listed(await completeIpvsadm(rest, environment));
  const command = program.commands.find((each) => each.name() === verb);
  if (!command) return listed([]);
  const line = readUnfinished(rest, command);
  const { candidates, takesFile } = await wantedBy(line, command, program, environment);
  return {
    takesFile,
    candidates: candidates.map(({ word, ...about }) => ({ word: line.head + word, ...about })),
  };
}

function listed(candidates: readonly Candidate[]): Completion {
  return { candidates, takesFile: false };
}

function optionsOf(command: Command): Completion {
  return listed(command.createHelp().visibleOptions(command).map(formatOption));
}

function verbsOf(program: Command): Candidate[] {
  const verbs = program.createHelp().visibleCommands(program);
  return verbs.map((verb) => ({ word: verb.name(), about: verb.summary() }));
}

function formatOption({ long, short, description }: Option): Candidate {
  // Shells show one short line.
  const [about = ''] = description.split(/[:;(]/);
  return { word: long ?? short ?? '', about: about.trim() };
}

async function wantedBy(
  line: Unfinished,
  command: Command,
  program: Command,
  environment: Environment,
): Promise<Completion> {
  const { wanted } = line;
  switch (wanted.kind) {
    case 'option':
      return optionsOf(command);
    case 'value': {
      const { long = '', flags, argChoices } = wanted.of;
      const name = long in VALUE_KINDS ? long : placeholderOf(flags);
      return argChoices ? choices(argChoices) : completeValue(name, line, command, environment);
    }
    case 'argument': {
      if (!wanted.of) return listed([]);
      const { argChoices } = wanted.of;
      if (argChoices) return choices(argChoices);
      const name = wanted.of.name();
      const found = await completeValue(name, line, command, environment);
      // The verb `help` takes verbs, too.
      return name === 'topic' ? listed([...verbsOf(program), ...found.candidates]) : found;
    }
    default:
      return wanted satisfies never;
  }
}

function choices(words: readonly string[]): Completion {
  return listed(words.map((word) => ({ word })));
}
