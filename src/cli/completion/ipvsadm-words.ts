import { ALLOWED_OPTIONS } from '../../formats/ipvsadm/grammar/allowed-options.ts';
import { COMMANDS, type CommandWord } from '../../formats/ipvsadm/grammar/commands.ts';
import { OPTIONS, type Option } from '../../formats/ipvsadm/grammar/options.ts';
import { SCHEDULER_FLAGS, SCHEDULERS } from '../../model/scheduler.ts';
import type { Environment } from '../environment.ts';
import type { Candidate } from './complete.ts';
import { type KnownService, knownServices } from './known-services.ts';

/** End of the key of a mark that counts for IPv6; ipvsadm has the option -6 in its place. */
const IPV6_MARK = /\/ipv6$/;

/** Candidates for the last word of an ipvsadm command line, without the program's name. */
export async function completeIpvsadm(
  words: readonly string[],
  environment: Environment,
): Promise<readonly Candidate[]> {
  const before = words.slice(0, -1);
  const [previous = ''] = before.slice(-1);
  const command = before.map(commandOf).find((each) => each !== undefined);
  const option = optionOf(previous);
  if (option && option.value.kind !== 'flag') {
    const services = (): Promise<readonly KnownService[]> =>
      knownServices(
        { files: [], node: undefined, table: undefined, netns: undefined },
        environment,
      );
    return valuesOf(option, before, services);
  }
  if (commandOf(previous)?.takesState) return [{ word: 'master' }, { word: 'backup' }];
  return command ? optionsFor(command) : COMMANDS.flatMap(spellings);
}

function commandOf(word: string): CommandWord | undefined {
  return COMMANDS.find(
    ({ long, shorts }) => word === `--${long}` || shorts.some((short) => word === `-${short}`),
  );
}

function optionOf(word: string): Option | undefined {
  return OPTIONS.find(({ long, short }) => word === `--${long}` || word === `-${short}`);
}

function spellings({ long, shorts, usage }: CommandWord): Candidate[] {
  const about = usage === undefined ? {} : { about: usage };
  return [`--${long}`, ...shorts.map((short) => `-${short}`)].map((word) => ({ word, ...about }));
}

function optionsFor(command: CommandWord): Candidate[] {
  const allowed = OPTIONS.filter(
    ({ name }) => name === undefined || ALLOWED_OPTIONS[name][command.name] !== undefined,
  );
  return allowed.flatMap(({ long, short, usage: [about = ''] }) =>
    [`--${long}`, ...(short ? [`-${short}`] : [])].map((word) => ({ word, about })),
  );
}

async function valuesOf(
  { name, value }: Option,
  before: readonly string[],
  services: () => Promise<readonly KnownService[]>,
): Promise<Candidate[]> {
  switch (value.kind) {
    case 'service':
      return addresses(await services(), `${value.protocol}://`);
    case 'fwmark':
      return addresses(await services(), 'fwmark:');
    case 'server':
      return serversOf(before, await services());
    case 'choice':
      return value.choices.map((word) => ({ word }));
    case 'text':
      return wordsFor(name).map((word) => ({ word }));
    default:
      return [];
  }
}

/** The addresses of services whose keys have the beginning, without it. */
function addresses(services: readonly KnownService[], beginning: string): Candidate[] {
  return services
    .filter(({ key }) => key.startsWith(beginning))
    .map(({ key, name }) => ({
      word: key.slice(beginning.length).replace(IPV6_MARK, ''),
      ...(name !== undefined && { about: name }),
    }));
}

/** The servers of the service that the line names. */
function serversOf(before: readonly string[], services: readonly KnownService[]): Candidate[] {
  const keys = before.flatMap((word, at) => {
    const value = optionOf(before[at - 1] ?? '')?.value;
    if (value?.kind === 'service') return [`${value.protocol}://${word}`];
    return value?.kind === 'fwmark' ? [`fwmark:${word}`] : [];
  });
  return services
    .filter(({ key }) => keys.includes(key.replace(IPV6_MARK, '')))
    .flatMap(({ destinations }) => destinations.map((word) => ({ word })));
}

function wordsFor(name: Option['name']): readonly string[] {
  switch (name) {
    case 'scheduler':
      return SCHEDULERS;
    case 'sched-flags':
      return SCHEDULER_FLAGS.map((flag) => flag.name);
    case 'pe':
      return ['sip'];
    default:
      return [];
  }
}
