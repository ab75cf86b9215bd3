import { cutToBytes } from '../../../model/names.ts';
import { allowsOnePacket, isIdlePortZero } from '../../../model/rules.ts';
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
import type { Given } from './given.ts';
import { parseSchedulerFlags } from './sched-flags.ts';

/** The scheduler that `-A` and `-E` will ask for. */
export function givenScheduler(given: Given): string {
  return cutToBytes(given.texts.scheduler ?? '', SCHEDULER_NAME_LENGTH) || 'wlc';
}

/** ipvsadm's buffer for `-b`. */
const FLAGS_LENGTH = 127;

/** Evaluates `-b` against the scheduler. */
export function givenSchedulerFlags(given: Given): number | Failure {
  return parseSchedulerFlags(
    cutToBytes(given.texts['sched-flags'] ?? '', FLAGS_LENGTH),
    givenScheduler(given),
    given.words.get('sched-flags'),
  );
}

/** The complete service that `-A` or `-E` describes: whatever is not given has its default. */
export function buildService(given: Given, schedulerFlags: number): Service | Failure {
  const identity = given.service;
  if (!identity) throw new Error('the matrix lets no command without a service through');
  const persistent = given.words.has('persistent');
  const onePacket = given.words.has('ops');
  const refusal = checkService(given, persistent, onePacket);
  if (isFailure(refusal)) return refusal;
  const defaults = defaultServiceSettings(serviceFamily(identity));
  const netmaskWord = given.words.get('netmask');
  if (netmaskWord !== undefined && !persistent) {
    given.cautions.push({
      code: 'NO_EFFECT',
      message: "-M has no effect without -p, and 'ipvsadm -S' loses it",
      word: netmaskWord,
    });
  }
  return {
    key: serviceKey(identity),
    identity,
    scheduler: givenScheduler(given),
    schedulerFlags,
    onePacket,
    persistent,
    persistenceTimeoutSeconds: persistent
      ? (given.numbers.persistent ?? DEFAULT_PERSISTENCE_SECONDS)
      : 0,
    persistenceNetmask: given.numbers.netmask ?? defaults.persistenceNetmask,
    persistenceEngine: cutToBytes(given.texts.pe ?? '', ENGINE_NAME_LENGTH),
  };
}

function checkService(given: Given, persistent: boolean, onePacket: boolean): Failure | undefined {
  const { service } = given;
  if (!service) return undefined;
  const word = given.words.get('service-address');
  if (isIdlePortZero({ identity: service, persistent }))
    return failure('Zero port specified for non-persistent service', word);
  if (onePacket && !allowsOnePacket(service))
    return failure(
      'One-Packet Scheduling is only for UDP virtual services',
      given.words.get('ops'),
    );
  return undefined;
}
