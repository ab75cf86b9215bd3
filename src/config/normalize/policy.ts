import { DEFAULT_LINGER_SECONDS, type DrainPolicy } from '../../model/drain.ts';
import { isManaged, type Policy, type Preserve, type ServicePolicy } from '../../model/policy.ts';
import type { ServiceIdentity, ServiceKey } from '../../model/service.ts';
import type { ServiceEntry } from '../../model/table.ts';
import type { DurationText, PreserveField, Profile } from '../config.ts';
import { atKey, atValue, type Report } from '../finding.ts';
import { describeOutside } from '../merge-policy.ts';
import type { Context } from './context.ts';
import type { Destinations } from './destinations.ts';
import { readServiceHealth } from './health.ts';
import { keyPlace, type Layer, type Picked, pick, pickHealth, placeInside } from './layers.ts';
import { normalizeManage } from './manage.ts';
import { readDuration } from './read-duration.ts';
import { normalizeSysctls } from './sysctls.ts';
import type { Places } from './trace.ts';

/**
 * The policy of a service, from its own keys, its profile and the defaults. Returns undefined for a
 * service without any of these keys.
 */
export function normalizeServicePolicy(
  identity: ServiceIdentity,
  layers: readonly Layer<Profile>[],
  { preserve, health: checked, fallback }: Destinations,
  { config, reportOnce: report }: Context,
  places: Places | undefined,
): ServicePolicy | undefined {
  const protect = pick(layers, 'protect');
  const drain = pick(
    [...layers, { keys: (config.defaults ?? {}) as Profile, path: ['defaults'] }],
    'drain',
  );
  const isOnePacket = identity.kind === 'address' && (pick(layers, 'one_packet')?.value ?? false);
  // A drain from the defaults is meant for the other services.
  if (drain && drain.value !== 'off' && isOnePacket && drain.depth < layers.length) {
    const message = 'drain has no effect on a one_packet service: the kernel forgets each packet';
    report({
      code: 'NO_EFFECT',
      severity: 'warning',
      message,
      place: keyPlace(drain.place),
      hint: 'remove it',
    });
  }
  const policy = drain && readDrain(drain, report);
  if (protect) places?.set('protect', protect.place);
  if (drain) {
    places?.set('drain.timeout', placeInside(drain, 'timeout'));
    if (typeof drain.value === 'object' && drain.value.linger !== undefined)
      places?.set('drain.linger', placeInside(drain, 'linger'));
  }
  const health = readServiceHealth(pickHealth(layers, config), checked, fallback, report);
  const isProtected = protect?.value ?? false;
  return isProtected || policy !== undefined || preserve.size > 0 || health !== undefined
    ? { protect: isProtected, drain: policy, preserve, ...(health && { health }) }
    : undefined;
}

/** 31 days, as for ipvsadm's timeouts. */
const MAX_DRAIN_SECONDS = 2_678_400;

function readDrain(
  picked: Picked<NonNullable<Profile['drain']>>,
  report: Report,
): DrainPolicy | undefined {
  const { value } = picked;
  const { timeout, linger } =
    typeof value === 'object' ? value : { timeout: value, linger: undefined };
  const read = (text: DurationText, key: 'timeout' | 'linger'): number | undefined =>
    readDuration(
      text,
      `the ${key} of a drain`,
      MAX_DRAIN_SECONDS,
      placeInside(picked, key),
      report,
    );
  const lingerSeconds =
    linger === undefined ? DEFAULT_LINGER_SECONDS : linger === 'off' ? 0 : read(linger, 'linger');
  const timeoutSeconds = timeout === 'off' ? undefined : read(timeout, 'timeout');
  return timeoutSeconds === undefined || lingerSeconds === undefined
    ? undefined
    : { timeoutSeconds, lingerSeconds };
}

/**
 * Returns the preserved fields of a destination. Equal results are one object, because there may be
 * 100,000 destinations.
 */
export function preserveOf(fields: readonly PreserveField[]): Preserve | undefined {
  const weight = fields.includes('weight');
  if (fields.includes('thresholds')) return weight ? BOTH : THRESHOLDS;
  return weight ? WEIGHT : undefined;
}

const WEIGHT: Preserve = { weight: true, thresholds: false };
const THRESHOLDS: Preserve = { weight: false, thresholds: true };
const BOTH: Preserve = { weight: true, thresholds: true };

/** Returns undefined for a file without `manage`, `sysctls` and policies of services. */
export function normalizePolicy(
  entries: ReadonlyMap<ServiceKey, ServiceEntry>,
  policies: ReadonlyMap<ServiceKey, ServicePolicy>,
  indexOf: (service: ServiceKey) => number | undefined,
  context: Context,
): Policy | undefined {
  const manage = normalizeManage(context);
  const sysctls = normalizeSysctls(context);
  if (manage) {
    for (const [key, { service }] of entries) {
      if (isManaged(manage, service.identity)) continue;
      const place = atValue('services', indexOf(key) ?? 0);
      const related = { message: 'what is managed is here', place: atKey('manage') };
      context.report({
        code: 'CONFLICT',
        severity: 'error',
        place,
        related,
        ...describeOutside(key),
      });
    }
  }
  return manage || sysctls || policies.size > 0
    ? { manage, services: policies, sysctls }
    : undefined;
}
