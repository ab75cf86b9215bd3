import type { ConfigKey } from '../../config/schema/config-key.ts';
import { OPTIONS, type OptionName } from '../../formats/ipvsadm/grammar/options.ts';
import { DESTINATION_ATTRIBUTES } from '../../model/destination.ts';
import { SERVICE_ATTRIBUTES } from '../../model/service.ts';
import { DAEMON_ATTRIBUTES } from '../../model/settings.ts';

const OBJECT_ATTRIBUTES = [...SERVICE_ATTRIBUTES, ...DESTINATION_ATTRIBUTES];

/** The options of ipvsadm for keys that are no attributes with one option. */
const OTHERS: Readonly<Record<string, readonly OptionName[]>> = {
  persistence: ['persistent'],
  forward: ['forwarding-method'],
  'tunnel.type': ['tun-type'],
  'tunnel.checksum': ['tun-nocsum', 'tun-csum', 'tun-remcsum'],
  'services.address': ['service-address'],
  'destinations.address': ['real-server'],
  'pools.address': ['real-server'],
  'timeouts.tcp': ['timeout'],
  'timeouts.tcp_fin': ['timeout'],
  'timeouts.udp': ['timeout'],
};

/** Returns the options of ipvsadm that set what a key sets, such as `-w, --weight`. */
export function ipvsadmOptions({ path }: Pick<ConfigKey, 'path'>): string[] {
  const [section] = path;
  const name = path.at(-1) ?? '';
  const inBlock = path.slice(-2).join('.');
  const rows =
    section === 'sync_daemons'
      ? DAEMON_ATTRIBUTES
      : section === 'services' ||
          section === 'profiles' ||
          section === 'pools' ||
          section === 'defaults'
        ? OBJECT_ATTRIBUTES
        : [];
  const row = rows.find((each) => each.name === inBlock) ?? rows.find((each) => each.name === name);
  const isOfObject = rows === OBJECT_ATTRIBUTES;
  const names: readonly (string | undefined)[] = row?.option
    ? [row.option]
    : (OTHERS[inBlock] ?? (isOfObject ? OTHERS[name] : undefined) ?? []);
  return OPTIONS.filter(({ name: own }) => own !== undefined && names.includes(own)).map(
    ({ long, short }) => `${short === undefined ? '' : `-${short}, `}--${long}`,
  );
}
