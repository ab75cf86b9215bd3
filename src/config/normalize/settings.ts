import { type Address, parseAddress } from '../../model/address.ts';
import { defaultsOf } from '../../model/attributes.ts';
import type { Limit, Limits } from '../../model/desired.ts';
import { isInterfaceName } from '../../model/names.ts';
import { hasInvisible } from '../../model/printable.ts';
import { isMulticast, syncLengthRange } from '../../model/rules.ts';
import {
  DAEMON_ATTRIBUTES,
  DAEMON_ROLES,
  type Daemon,
  MAX_TIMEOUT_SECONDS,
  TIMEOUT_ATTRIBUTES,
  type Timeouts,
} from '../../model/settings.ts';
import type { SyncDaemon } from '../config.ts';
import { atValue, type Place, type Report } from '../finding.ts';
import type { Context } from './context.ts';
import { readDuration } from './read-duration.ts';

const DEFAULTS = defaultsOf(DAEMON_ATTRIBUTES);

export function normalizeTimeouts({ config, invalid, report }: Context): Partial<Timeouts> {
  const timeouts: { tcp?: number; tcpFin?: number; udp?: number } = {};
  if (!config.timeouts || invalid.sections.has('timeouts')) return timeouts;
  for (const { key, name } of TIMEOUT_ATTRIBUTES) {
    const written = config.timeouts[name as Exclude<keyof typeof config.timeouts, 'nodes'>];
    if (written === undefined) continue;
    const place = atValue('timeouts', name);
    const seconds = readDuration(written, 'a timeout', MAX_TIMEOUT_SECONDS, place, report);
    if (seconds !== undefined) timeouts[key] = seconds;
  }
  return timeouts;
}

export function normalizeLimits({ config, invalid, report }: Context): Limits {
  if (!config.limits || invalid.sections.has('limits')) return {};
  const services = readLimit(
    config.limits.max_service_deletes,
    atValue('limits', 'max_service_deletes'),
    report,
  );
  const destinations = readLimit(
    config.limits.max_destination_deletes,
    atValue('limits', 'max_destination_deletes'),
    report,
  );
  return {
    ...(services ? { maxServiceDeletes: services } : {}),
    ...(destinations ? { maxDestinationDeletes: destinations } : {}),
  };
}

export function readLimit(
  value: number | string | undefined,
  place: Place,
  report: Report,
): Limit | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number') return { kind: 'count', value };
  if (value === 'off') return { kind: 'off' };
  const percent = /^(0|[1-9]\d?|100)%$/.exec(value);
  if (percent) return { kind: 'percent', value: Number(percent[1]) };
  report({
    code: 'BAD_VALUE',
    severity: 'error',
    message: `${JSON.stringify(value)} is not a limit`,
    place,
    hint: 'write a number, 0% to 100%, or off',
  });
  return undefined;
}

/** The sync daemons, the master first. Returns undefined for a file without `sync_daemons`. */
export function normalizeDaemons({
  config,
  invalid,
  nodes,
  report,
}: Context): readonly Daemon[] | undefined {
  if (!config.sync_daemons || invalid.sections.has('sync_daemons')) return undefined;
  const daemons: Daemon[] = [];
  for (const [index, written] of config.sync_daemons.entries()) {
    if (!nodes.isFor(written.nodes)) continue;
    const first = config.sync_daemons.findIndex(
      (other) => other.role === written.role && nodes.isFor(other.nodes),
    );
    if (first < index) {
      const message = `there is a ${written.role} daemon already: only one of each role can run`;
      const related = { message: 'first here', place: atValue('sync_daemons', first) };
      report({
        code: 'DUPLICATE',
        severity: 'error',
        message,
        place: atValue('sync_daemons', index),
        hint: 'remove one of them',
        related,
      });
      continue;
    }
    const daemon = normalizeDaemon(written, index, report);
    if (daemon) daemons.push(daemon);
  }
  return daemons.sort((a, b) => DAEMON_ROLES.indexOf(a.role) - DAEMON_ROLES.indexOf(b.role));
}

function normalizeDaemon(written: SyncDaemon, index: number, report: Report): Daemon | undefined {
  let good = true;
  const fail = (key: string, message: string, hint: string) => {
    good = false;
    report({
      code: 'DAEMON',
      severity: 'error',
      message,
      place: atValue('sync_daemons', index, key),
      hint,
    });
  };
  const group: Address | undefined =
    written.group === undefined ? DEFAULTS.group : parseAddress(written.group);
  if (group === undefined || !isMulticast(group)) {
    fail(
      'group',
      `${JSON.stringify(written.group)} is not a multicast address`,
      'write 224.0.0.81, or an IPv6 group such as ff02::81',
    );
  }
  // The kernel takes characters that are not seen. They would hide what a plan says.
  if (!isInterfaceName(written.interface) || hasInvisible(written.interface)) {
    fail(
      'interface',
      `${JSON.stringify(written.interface)} cannot be the name of an interface`,
      'write a name of up to 15 characters, such as eth1',
    );
  }
  const length = written.max_length ?? DEFAULTS.maxLength;
  const { min, max } = syncLengthRange(written.role, group);
  if (length > 0 && length < min) {
    const message = `the kernel changes the max_length ${length} of a ${written.role} to ${min}`;
    fail('max_length', message, `write ${min} or more`);
  }
  if (length > max) {
    const message = `with an IPv6 group the kernel changes the max_length ${length} to ${max}`;
    fail('max_length', message, `write at most ${max}`);
  }
  if (!good) return undefined;
  return {
    role: written.role,
    interface: written.interface,
    syncId: written.sync_id ?? DEFAULTS.syncId,
    maxLength: length,
    group,
    port: written.port ?? DEFAULTS.port,
    ttl: written.ttl ?? DEFAULTS.ttl,
  };
}
