import { allowsOnePacket, isIdlePortZero } from '../../model/rules.ts';
import type { Service, ServiceIdentity, ServiceKey } from '../../model/service.ts';
import type { Profile, ServiceMapping } from '../config.ts';
import { atValue, type Path } from '../finding.ts';
import type { Context } from './context.ts';
import { keyPlace, type Layer, pick } from './layers.ts';
import { normalizePersistence } from './persistence.ts';
import { normalizeScheduling } from './scheduling.ts';
import type { Places } from './trace.ts';
import { reportUnknownName } from './unknown-name.ts';

/**
 * The service and its profile. Returns undefined for a profile that does not exist, which is
 * reported, or is invalid.
 */
export function serviceLayers(
  service: ServiceMapping,
  path: Path,
  context: Context,
): readonly Layer<Profile>[] | undefined {
  const own: Layer<Profile> = { keys: service, path };
  const name = service.profile;
  if (name === undefined) return [own];
  context.usedProfiles.add(name);
  const profiles = context.config.profiles ?? {};
  if (context.invalid.sections.has('profiles') || context.invalid.named.has(`profiles/${name}`))
    return undefined;
  if (!Object.hasOwn(profiles, name)) {
    reportUnknownName('profile', name, profiles, atValue(...path, 'profile'), context.report);
    return undefined;
  }
  return [own, { keys: profiles[name] ?? {}, path: ['profiles', name] }];
}

/** Returns undefined after reporting an error. */
export function normalizeService(
  key: ServiceKey,
  identity: ServiceIdentity,
  layers: readonly Layer<Profile>[],
  context: Context,
  places: Places | undefined,
): Service | undefined {
  const { reportOnce: report, config } = context;
  const settingLayers = [
    ...layers,
    { keys: (config.defaults ?? {}) as Profile, path: ['defaults'] },
  ];
  const scheduling = normalizeScheduling(settingLayers, report, places);
  const picked = pick(settingLayers, 'persistence');
  const persistence = normalizePersistence(picked, identity, report, places);
  const onePacket = pick(layers, 'one_packet');
  if (onePacket) places?.set('one_packet', onePacket.place);
  const address = atValue(...(layers[0]?.path ?? []), 'address');
  if (persistence && isIdlePortZero({ identity, persistent: persistence.persistent })) {
    const message = 'port 0, any port, works with persistence only';
    report({
      code: 'PORT',
      severity: 'warning',
      message,
      place: address,
      hint: 'write a port, or add persistence: 6m',
    });
  }
  if (onePacket?.value === true && identity.kind === 'address' && !allowsOnePacket(identity)) {
    const message = `one_packet has no effect on ${identity.protocol}: it is for udp and fwmark services`;
    report({
      code: 'NO_EFFECT',
      severity: 'warning',
      message,
      place: keyPlace(onePacket.place),
      hint: 'remove it',
    });
  }
  if (!scheduling || !persistence) return undefined;
  // Written out: spreading three objects takes several times as long.
  return {
    scheduler: scheduling.scheduler,
    schedulerFlags: scheduling.schedulerFlags,
    onePacket: onePacket?.value ?? false,
    persistent: persistence.persistent,
    persistenceTimeoutSeconds: persistence.persistenceTimeoutSeconds,
    persistenceNetmask: persistence.persistenceNetmask,
    persistenceEngine: persistence.persistenceEngine,
    key,
    identity,
  };
}
