import { readdir } from 'node:fs/promises';
import type { Command, Option } from 'commander';
import { PAGES, summaryOf } from '../../manual/pages.ts';
import { hasInvisible } from '../../model/printable.ts';
import type { Environment } from '../environment.ts';
import { completeIpvsadm } from './ipvsadm-words.ts';
import { knownRuns } from './known-runs.ts';
import { type KnownService, knownServices } from './known-services.ts';
import { readUnfinished, type Unfinished } from './unfinished.ts';

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

/** The kinds of values that are not choices. A value of the kind `free` cannot be completed. */
type ValueKind = 'file' | 'service' | 'destination' | 'namespace' | 'run' | 'topic' | 'free';

/**
 * Kinds by the name of the value in the help. `--netns` has a row of its own, because its value is
 * a name like many others.
 */
export const VALUE_KINDS: Readonly<Record<string, ValueKind>> = {
  '--netns': 'namespace',
  file: 'file',
  path: 'file',
  plan: 'file',
  a: 'file',
  b: 'file',
  service: 'service',
  destination: 'destination',
  run: 'run',
  topic: 'topic',
  ...{
    address: 'free',
    id: 'free',
    n: 'free',
    time: 'free',
    fingerprint: 'free',
    text: 'free',
    name: 'free',
  },
};

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
      const { long, flags, argChoices } = wanted.of;
      const kind = VALUE_KINDS[long ?? ''] ?? VALUE_KINDS[placeholderOf(flags)];
      return argChoices ? choices(argChoices) : values(kind, line, program, environment);
    }
    case 'argument': {
      if (!wanted.of) return listed([]);
      const { argChoices } = wanted.of;
      const kind = VALUE_KINDS[wanted.of.name()];
      return argChoices ? choices(argChoices) : values(kind, line, program, environment);
    }
    default:
      return wanted satisfies never;
  }
}

/** The name of an option's value: `file` in `--table <file>`. */
export function placeholderOf(flags: string): string {
  return /[<[]([^\]>.]*)/.exec(flags)?.[1] ?? '';
}

function choices(words: readonly string[]): Completion {
  return listed(words.map((word) => ({ word })));
}

async function values(
  kind: ValueKind | undefined,
  line: Unfinished,
  program: Command,
  environment: Environment,
): Promise<Completion> {
  switch (kind) {
    case 'file':
      return { candidates: [], takesFile: true };
    case 'service':
      return listed((await servicesOf(line, environment)).flatMap(formatService));
    case 'destination':
      return listed(destinationsOf(line.given[0], await servicesOf(line, environment)));
    case 'namespace':
      return choices(await readdir('/run/netns').catch(() => []));
    case 'run':
      return listed(await knownRuns(environment));
    case 'topic':
      return listed([...verbsOf(program), ...topics()]);
    default:
      return listed([]);
  }
}

function servicesOf({ values: given }: Unfinished, environment: Environment) {
  const places = {
    files: given.get('--file') ?? [],
    table: given.get('--table')?.at(-1),
    netns: given.get('--netns')?.at(-1),
  };
  return knownServices(places, environment);
}

/** A service by its address and, where a file gives it one, by its name. */
function formatService({ key, name }: KnownService): Candidate[] {
  if (name === undefined) return [{ word: key }];
  return [
    { word: key, about: name },
    { word: name, about: key },
  ];
}

/** The destinations of the service that the line names; of all services without one. */
function destinationsOf(
  service: string | undefined,
  services: readonly KnownService[],
): Candidate[] {
  const named = services.filter(({ key, name }) => service === key || service === name);
  const addresses = (service === undefined ? services : named).flatMap(
    ({ destinations }) => destinations,
  );
  return [...new Set(addresses)].map((word) => ({ word }));
}

function topics(): Candidate[] {
  return Object.entries(PAGES).map(([word, page]) => ({ word, about: summaryOf(page) }));
}
