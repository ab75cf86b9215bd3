import { cutToBytes } from '../../../model/names.ts';
import { allowsOnePacket, isIdlePortZero } from '../../../model/rules.ts';
import { SCHEDULER_FLAGS } from '../../../model/scheduler.ts';
import {
  DEFAULT_PERSISTENCE_SECONDS,
  defaultServiceSettings,
  ENGINE_NAME_LENGTH,
  SCHEDULER_NAME_LENGTH,
  type Service,
  serviceFamily,
  serviceKey,
} from '../../../model/service.ts';
import { type Failure, failure, isFailure } from './failure.ts';
import type { OptionValues } from './read-options.ts';

function schedulerOf(values: OptionValues): string {
  return cutToBytes(values.texts.scheduler ?? '', SCHEDULER_NAME_LENGTH) || 'wlc';
}

/** The size of ipvsadm's buffer for the value of `-b`. */
const FLAGS_LENGTH = 127;

/**
 * Reads the value of `-b`: names between commas, which may be empty. Returns the bits of the flags.
 */
export function readSchedulerFlags(values: OptionValues): number | Failure {
  const text = values.texts['sched-flags'];
  if (text === undefined) return 0;
  const scheduler = schedulerOf(values);
  const word = values.words.get('sched-flags');
  let bits = 0;
  for (const name of cutToBytes(text, FLAGS_LENGTH).split(',')) {
    if (name === '') continue;
    const flag = SCHEDULER_FLAGS.find((known) => known.name === name);
    if (!flag) return failure(`invalid scheduler flag \`${name}'`, word);
    if (flag.scheduler !== undefined && flag.scheduler !== scheduler)
      return failure(`incompatible scheduler flag \`${name}'`, word);
    bits |= flag.bit;
  }
  return bits;
}

/** The service of `-A` or `-E`. A setting without an option has its default. */
export function buildService(values: OptionValues, schedulerFlags: number): Service | Failure {
  const identity = values.service;
  if (!identity) throw new Error('a command without a service was accepted');
  const persistent = values.words.has('persistent');
  const onePacket = values.words.has('ops');
  const refusal = checkService(values, persistent, onePacket);
  if (isFailure(refusal)) return refusal;
  const defaults = defaultServiceSettings(serviceFamily(identity));
  const netmaskWord = values.words.get('netmask');
  if (netmaskWord !== undefined && !persistent) {
    values.cautions.push({
      code: 'NO_EFFECT',
      message: "-M has no effect without -p, and 'ipvsadm -S' loses it",
      word: netmaskWord,
    });
  }
  return {
    key: serviceKey(identity),
    identity,
    scheduler: schedulerOf(values),
    schedulerFlags,
    onePacket,
    persistent,
    persistenceTimeoutSeconds: persistent
      ? (values.numbers.persistent ?? DEFAULT_PERSISTENCE_SECONDS)
      : 0,
    persistenceNetmask: values.numbers.netmask ?? defaults.persistenceNetmask,
    persistenceEngine: cutToBytes(values.texts.pe ?? '', ENGINE_NAME_LENGTH),
  };
}

function checkService(
  values: OptionValues,
  persistent: boolean,
  onePacket: boolean,
): Failure | undefined {
  const { service } = values;
  if (!service) return undefined;
  const word = values.words.get('service-address');
  if (isIdlePortZero({ identity: service, persistent }))
    return failure('Zero port specified for non-persistent service', word);
  if (onePacket && !allowsOnePacket(service))
    return failure(
      'One-Packet Scheduling is only for UDP virtual services',
      values.words.get('ops'),
    );
  return undefined;
}
