import { writtenFields } from '../../model/attributes.ts';
import type { DrainPolicy } from '../../model/drain.ts';
import { formatDuration } from '../../model/duration.ts';
import type { Unmanageable } from '../../model/ipvs.ts';
import { printable } from '../../model/printable.ts';
import type { ServiceKey } from '../../model/service.ts';
import {
  DAEMON_ATTRIBUTES,
  type Daemon,
  TIMEOUT_ATTRIBUTES,
  type Timeouts,
} from '../../model/settings.ts';
import { sortedServices, type Table } from '../../model/table.ts';
import type { Layout } from '../layout.ts';
import { commentLines } from './comments.ts';
import type { WrittenHealths } from './health.ts';
import { manageLines, type WrittenScope } from './manage.ts';
import { writableSettings } from './settings.ts';
import { flowPairs, serviceParts } from './yaml-services.ts';

/**
 * A table that can be written as a configuration: a live one, or the desired state of other files.
 * Absent parts are left out.
 */
export interface Exportable {
  readonly services: Table['services'];
  readonly timeouts?: Partial<Timeouts>;
  readonly daemons?: readonly Daemon[] | undefined;
}

export interface FormatOptions {
  /** Entries of the table that no file can express. Each becomes a comment with a warning. */
  readonly unmanageable?: readonly Unmanageable[];
  readonly names?: ReadonlyMap<ServiceKey, string>;
  /** How services drain. Only JSON has them: for a saved plan. */
  readonly drainPolicies?: ReadonlyMap<ServiceKey, DrainPolicy>;
  /**
   * True to write every entry by itself: no defaults, no pools, and one line for each destination.
   * Only YAML knows the other way.
   */
  readonly isPlain?: boolean;
  /** The order, the comments and the shared lists to keep. Without it, entries are sorted. */
  readonly layout?: Layout;
  /** How the services are checked. */
  readonly health?: WrittenHealths;
  /** Set to write a scope of exactly the services of the table. */
  readonly scope?: WrittenScope;
  /** The address of the schema for editors. Without it, the file names no schema. */
  readonly schema?: string;
}

/**
 * Formats a table as YAML that `parseConfig` reads back as the same table. Entries are sorted, or
 * arranged as `layout` says. Values that most entries share are below `defaults`, and equal lists
 * of destinations are pools.
 */
export function formatConfig(table: Exportable, options: FormatOptions = {}): string {
  const { layout } = options;
  const lines = [
    ...(options.schema === undefined ? [] : [`# yaml-language-server: $schema=${options.schema}`]),
    ...commentLines(layout?.head ?? []),
    'version: 1',
  ];
  for (const { service, destination, reason } of options.unmanageable ?? []) {
    const entry = destination === undefined ? service : `${service} -> ${destination}`;
    lines.push(`# warning: not exported: ${printable(entry)}: ${printable(reason)}`);
  }
  const { timeouts, daemons, leftOut } = writableSettings(table);
  for (const setting of leftOut) lines.push(`# warning: not exported: ${printable(setting)}`);
  const settings = [...timeoutLines(timeouts), ...daemonLines(daemons)];
  const entries = layout ? [...table.services.values()] : sortedServices(table);
  const { defaults, services } = serviceParts(entries, options);
  const manage = manageLines(
    options.scope,
    entries.map(({ service }) => service.key),
  );
  lines.push('', ...manage, ...(layout ? [...defaults, ...settings] : [...settings, ...defaults]));
  for (const line of services) lines.push(line);
  if (layout && layout.tail.length > 0) lines.push('', ...commentLines(layout.tail));
  lines.push('');
  return lines.join('\n');
}

function timeoutLines(timeouts: Partial<Timeouts>): string[] {
  const pairs = TIMEOUT_ATTRIBUTES.flatMap(({ key, name }) => {
    const seconds = timeouts[key];
    return seconds === undefined ? [] : [`${name}: ${formatDuration(seconds)}`];
  });
  return pairs.length === 0 ? [] : [`timeouts: { ${pairs.join(', ')} }`, ''];
}

function daemonLines(daemons: readonly Daemon[] | undefined): string[] {
  if (daemons === undefined) return [];
  if (daemons.length === 0) return ['sync_daemons: []', ''];
  const lines = daemons.map((daemon) => {
    const fields = writtenFields(DAEMON_ATTRIBUTES, daemon, 'yaml');
    return `  - { role: ${daemon.role}${flowPairs(fields)} }`;
  });
  return ['sync_daemons:', ...lines, ''];
}
