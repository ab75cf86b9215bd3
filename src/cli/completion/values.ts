import { readdir } from 'node:fs/promises';
import type { Command } from 'commander';
import { PAGES, summaryOf } from '../../manual/pages.ts';
import { LIVE } from '../compared-table.ts';
import type { Environment } from '../environment.ts';
import type { Candidate, Completion } from './complete.ts';
import { knownRuns } from './known-runs.ts';
import { type KnownService, knownServices } from './known-services.ts';
import type { Unfinished } from './unfinished.ts';

/** The kinds of values that are not choices. A value of the kind `free` cannot be completed. */
type ValueKind =
  | 'file'
  | 'table'
  | 'service'
  | 'destination'
  | 'namespace'
  | 'run'
  | 'topic'
  | 'free';

/**
 * Kinds by the name of the value in the help. `--netns` has a row of its own, because its value is
 * a name like many others.
 */
export const VALUE_KINDS: Readonly<Record<string, ValueKind>> = {
  '--netns': 'namespace',
  file: 'file',
  path: 'file',
  plan: 'file',
  a: 'table',
  b: 'table',
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
    node: 'free',
    subject: 'free',
    nodes: 'free',
    generation: 'free',
    args: 'free',
  },
};

/** The name of an option's value: `file` in `--table <file>`. */
export function placeholderOf(flags: string): string {
  return /[<[]([^\]>.]*)/.exec(flags)?.[1] ?? '';
}

/** The values that the help of the command calls `name`. */
export async function completeValue(
  name: string,
  line: Unfinished,
  command: Command,
  environment: Environment,
): Promise<Completion> {
  const words = (candidates: readonly Candidate[]) => ({ candidates, takesFile: false });
  switch (VALUE_KINDS[name]) {
    case 'file':
      return { candidates: [], takesFile: true };
    case 'table':
      return { candidates: [{ word: LIVE, about: "the kernel's table" }], takesFile: true };
    case 'service': {
      const services = await servicesOf(line, environment);
      // Then the first argument is a destination.
      const isOfAll = line.flags.has('--all-services');
      return words(isOfAll ? destinationsOf(services) : services.flatMap(formatService));
    }
    case 'destination': {
      const services = await servicesOf(line, environment);
      return words(destinationsOf(services.filter(isNamedBy(line, command))));
    }
    case 'namespace': {
      const names = await readdir('/run/netns').catch(() => []);
      return words(names.map((word) => ({ word })));
    }
    case 'run':
      return words(await knownRuns(environment));
    case 'topic':
      return words(Object.entries(PAGES).map(([word, page]) => ({ word, about: summaryOf(page) })));
    default:
      return words([]);
  }
}

function servicesOf({ values }: Unfinished, environment: Environment) {
  const places = {
    files: values.get('--file') ?? [],
    node: values.get('--node')?.at(-1),
    table: values.get('--table')?.at(-1),
    netns: values.get('--netns')?.at(-1),
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

/** Tells whether the line names a service; with `--all-services`, it names every one. */
function isNamedBy({ flags, given }: Unfinished, command: Command) {
  const at = command.registeredArguments.findIndex((argument) => argument.name() === 'service');
  return ({ key, name }: KnownService): boolean =>
    flags.has('--all-services') || given[at] === key || given[at] === name;
}

function destinationsOf(services: readonly KnownService[]): Candidate[] {
  const addresses = services.flatMap(({ destinations }) => destinations);
  return [...new Set(addresses)].map((word) => ({ word }));
}
