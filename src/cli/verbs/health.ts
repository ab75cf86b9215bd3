import { unknownAnswer } from '../../daemon/control/client.ts';
import { isUnknownCommand } from '../../daemon/control/protocol.ts';
import { Commands } from '../../daemon/health/check-command.ts';
import { checkOnce } from '../../daemon/health/check-once.ts';
import { IpvstateError } from '../../errors.ts';
import type { DestinationKey } from '../../model/destination.ts';
import type { ServiceKey } from '../../model/service.ts';
import { findDestination, findService } from '../../plan/find-service.ts';
import { EXIT } from '../../render/exit.ts';
import {
  formatHealth,
  type HealthDocument,
  type HealthRow,
  isHealthDocument,
} from '../../render/health.ts';
import { formatJson } from '../../render/json.ts';
import { control } from '../control.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { CONTROL_EXITS, FILE_EXITS } from '../declare/exit-groups.ts';
import {
  COMMAND_OPTIONS,
  CONTROL_OPTIONS,
  FILE_OPTIONS,
  readingOf,
  VERBOSE_OPTIONS,
} from '../declare/option-groups.ts';
import { flag, optionalArgument, outputFormat, type ValuesOf } from '../declare/options.ts';
import type { Environment } from '../environment.ts';
import { loadValid } from '../load-valid.ts';

const HEALTH_FORMATS = { text: formatHealth, json: formatJson };

const OPTIONS = {
  once: flag('--once', 'check now, once, from this machine; needs no daemon'),
  ...COMMAND_OPTIONS,
  ...FILE_OPTIONS,
  ...CONTROL_OPTIONS,
  output: outputFormat(HEALTH_FORMATS, 'text'),
  ...VERBOSE_OPTIONS,
};

interface Chosen {
  readonly service: string | undefined;
  readonly destination: string | undefined;
}

export const healthVerb = defineVerb({
  name: 'health',
  job: 'look',
  summary: 'health of the servers',
  description: 'show the health checks of the running daemon, or check once',
  arguments: {
    service: optionalArgument('service', 'only this service: its address, or its name'),
    destination: optionalArgument('destination', 'only this destination of the service'),
  },
  options: OPTIONS,
  exits: { ...CONTROL_EXITS, ...FILE_EXITS, ok: 'printed, whatever the health is' },
  examples: ['ipvstate health', 'ipvstate health --once shop 10.1.0.11 -f ipvs.yaml'],
  notes: ['Without --once, -f, --node, --allow-commands and -v have no effect.'],
  run: async (options, environment, chosen) => {
    const commands = options.once && options.allowCommands ? new Commands() : undefined;
    // Programs in groups of their own do not end by Ctrl-C.
    const signal = commands && environment.interruption();
    signal?.addEventListener('abort', () => commands?.stop());
    const document = options.once
      ? await once(options, environment, chosen, commands)
      : onlyChosen(await askDaemon(options, environment), chosen);
    environment.output.print(HEALTH_FORMATS[options.output](document));
    return signal?.aborted ? (signal.reason as number) : EXIT.ok;
  },
});

async function askDaemon(
  options: ValuesOf<typeof OPTIONS>,
  environment: Environment,
): Promise<HealthDocument> {
  const answer = await control({ command: 'health' }, options, environment);
  if (!answer.ok) {
    if (isUnknownCommand(answer))
      throw new IpvstateError('UNAVAILABLE', 'the running daemon knows no health checks', {
        hint: 'It is of an earlier version: restart it.',
      });
    const { message, hint } = answer;
    throw new IpvstateError('UNAVAILABLE', message, hint === undefined ? {} : { hint });
  }
  const { document } = answer;
  if (!isHealthDocument(document)) throw unknownAnswer();
  return document;
}

/** Returns the part of a document that the command line names. Throws `USAGE`. */
function onlyChosen(
  document: HealthDocument,
  { service: name, destination: word }: Chosen,
): HealthDocument {
  if (name === undefined) return document;
  const { destinations, effects } = document;
  const names = new Map(
    destinations.flatMap((row) => (row.name === null ? [] : [[row.service, row.name]])),
  );
  const keys = destinations.map(({ service }) => service);
  const service = findService(name, { keys, names });
  const own = destinations.flatMap((row) => (row.service === service ? [row.destination] : []));
  const key = word === undefined ? undefined : findChecked(word, service, own);
  const isChosen = (row: Pick<HealthRow, 'service' | 'destination'>): boolean =>
    row.service === service && row.destination === (key ?? row.destination);
  return {
    ...document,
    destinations: destinations.filter(isChosen),
    effects: effects.filter(isChosen),
  };
}

/** Checks the destinations of the files once. Throws `USAGE` for one that is not checked. */
async function once(
  options: ValuesOf<typeof OPTIONS>,
  environment: Environment,
  { service: name, destination: word }: Chosen,
  commands: Commands | undefined,
): Promise<HealthDocument> {
  const { desired } = await loadValid(options.file, environment, readingOf(options));
  const { clock } = await environment.state();
  const service =
    name === undefined
      ? undefined
      : findService(name, { keys: desired.services.keys(), names: desired.names });
  const checked =
    (service && desired.policy?.services.get(service)?.health?.destinations) ?? new Map();
  const destination =
    service === undefined || word === undefined
      ? undefined
      : findChecked(word, service, [...checked.keys()]);
  return environment.output.stage(
    'check-health',
    () => checkOnce(desired, { service, destination }, clock, commands),
    ({ destinations }) => ({ destination: destinations.length }),
  );
}

/** Finds a destination among those that are checked. Throws `USAGE`. */
function findChecked(
  word: string,
  service: ServiceKey,
  checked: readonly DestinationKey[],
): DestinationKey {
  if (checked.length > 0) return findDestination(word, service, checked);
  throw new IpvstateError('USAGE', `${service} has no destination with a health check`, {
    hint: 'Write `health` in the file: see `ipvstate help health-checks`.',
  });
}
