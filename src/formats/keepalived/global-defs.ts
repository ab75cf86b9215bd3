import { parseAddress } from '../../model/address.ts';
import { defaultsOf } from '../../model/attributes.ts';
import { isInterfaceName } from '../../model/names.ts';
import { nearest } from '../../model/nearest.ts';
import { isMulticast, syncLengthRange } from '../../model/rules.ts';
import {
  DAEMON_ATTRIBUTES,
  DAEMON_ROLES,
  type Daemon,
  MAX_SYNC_ID,
  MAX_SYNC_LENGTH,
  MAX_TIMEOUT_SECONDS,
  type Timeouts,
} from '../../model/settings.ts';
import { areResolved, type Context, type Readers, reportUnknown } from './context.ts';
import { IN_GLOBAL_DEFS, ITS_OWN } from './keywords.ts';
import type { Statement, Word } from './tree.ts';
import { readNumber } from './values.ts';

export interface GlobalSettings {
  timeouts: Partial<Timeouts>;
  /** The sync daemons, with the place of their statement. */
  daemons?: { readonly list: readonly Daemon[]; readonly statement: Statement };
}

const READERS: Readers<GlobalSettings> = {
  lvs_timeouts: readTimeouts,
  lvs_sync_daemon: readDaemons,
};

/**
 * Reads `global_defs`. Only a few of its settings are about the table. A setting that is not known
 * is one of keepalived itself, unless it looks like one of those few.
 */
export function readGlobalDefs(
  settings: GlobalSettings,
  { block }: Statement,
  context: Context,
): void {
  const known = [...Object.keys(READERS), ...Object.keys(IN_GLOBAL_DEFS)];
  for (const statement of block?.statements ?? []) {
    const { keyword, position } = statement;
    const read = Object.hasOwn(READERS, keyword) ? READERS[keyword] : undefined;
    const listed = Object.hasOwn(IN_GLOBAL_DEFS, keyword) ? IN_GLOBAL_DEFS[keyword] : undefined;
    if (read) {
      if (areResolved(statement, context)) read(settings, statement, context);
    } else if (listed) {
      context.notCarried.add(listed.kind, position, listed.hint);
    } else if (nearest(keyword, known).length > 0 || keyword.startsWith('$')) {
      reportUnknown(statement, 'in global_defs', known, context);
    } else {
      context.notCarried.add(ITS_OWN.kind, position);
    }
  }
}

const TIMEOUT_NAMES = { tcp: 'tcp', tcpfin: 'tcpFin', udp: 'udp' } as const;
const TIMEOUT = { min: 0, max: MAX_TIMEOUT_SECONDS };

/** Reads `lvs_timeouts tcp 900 tcpfin 120 udp 300`. 0 keeps the live value. */
function readTimeouts(settings: GlobalSettings, statement: Statement, context: Context): void {
  for (const [name, value] of pairs(statement, Object.keys(TIMEOUT_NAMES), context)) {
    const seconds = readNumber(value, 'a timeout', TIMEOUT, name, context);
    if (!seconds) continue;
    const key = TIMEOUT_NAMES[name.text as keyof typeof TIMEOUT_NAMES];
    settings.timeouts = { ...settings.timeouts, [key]: seconds };
  }
}

const DEFAULTS = defaultsOf(DAEMON_ATTRIBUTES);
const OPTIONS = ['id', 'maxlen', 'port', 'ttl', 'group', 'inst'];

/**
 * Reads `lvs_sync_daemon eth0 id 7`: keepalived runs a master and a backup. With the name of a VRRP
 * instance, only one of them runs at a time, and which one changes.
 */
function readDaemons(settings: GlobalSettings, statement: Statement, context: Context): void {
  const { report, notCarried } = context;
  const { words, position } = statement;
  const [name, second, third] = words;
  if (settings.daemons) {
    const related = { message: 'first here', position: settings.daemons.statement.position };
    report('DUPLICATE', 'there is a lvs_sync_daemon already', position, { related });
    return;
  }
  if (!name || !isInterfaceName(name.text)) {
    const hint = 'write a name of up to 15 characters, such as eth1';
    const message = 'lvs_sync_daemon needs the name of an interface';
    report('DAEMON', message, name?.position ?? position, { hint });
    return;
  }
  // Older files have the instance, and its number, without a word before them.
  const isOlder = second !== undefined && !OPTIONS.includes(second.text);
  if (isOlder || words.some(({ text }) => text === 'inst')) {
    notCarried.add('sync daemon that follows a VRRP instance', position, WHICH_ROLE);
    return;
  }
  const daemon = { ...DEFAULTS, interface: name.text };
  let isGood = third !== undefined || words.length === 1;
  for (const [option, value] of pairs({ ...statement, words: words.slice(1) }, OPTIONS, context)) {
    const number = (what: string, min: number, max: number): number | undefined =>
      readNumber(value, what, { min, max }, option, context);
    switch (option.text) {
      case 'id':
        daemon.syncId = number('a sync id', 0, MAX_SYNC_ID) ?? fail();
        break;
      case 'maxlen':
        daemon.maxLength = number('maxlen', 1, MAX_SYNC_LENGTH) ?? fail();
        break;
      case 'port':
        daemon.port = number('a port', 1, 65_535) ?? fail();
        break;
      case 'ttl':
        daemon.ttl = number('ttl', 1, 255) ?? fail();
        break;
      default: {
        const group = parseAddress(value.text);
        if (group !== undefined && isMulticast(group)) daemon.group = group;
        else {
          fail();
          const hint = 'write 224.0.0.81, or an IPv6 group such as ff02::81';
          const message = `${JSON.stringify(value.text)} is not a multicast address`;
          report('DAEMON', message, value.position, { hint });
        }
      }
    }
  }
  function fail(): number {
    isGood = false;
    return 0;
  }
  if (!isGood) return;
  settings.daemons = {
    list: DAEMON_ROLES.map((role) => withLength({ ...daemon, role })),
    statement,
  };
}

const WHICH_ROLE = 'write sync_daemons by hand, with the role that this machine has';

/** The kernel moves the length of a message to the nearest one that it takes. */
function withLength(daemon: Daemon): Daemon {
  const { min, max } = syncLengthRange(daemon.role, daemon.group);
  const { maxLength } = daemon;
  return { ...daemon, maxLength: maxLength === 0 ? 0 : Math.max(min, Math.min(max, maxLength)) };
}

/** Reads words in pairs of a name and a value. Reports unknown names, and missing values. */
function pairs(
  { keyword, words, position }: Statement,
  names: readonly string[],
  { report }: Context,
): readonly (readonly [Word, Word])[] {
  const found: (readonly [Word, Word])[] = [];
  if (words.length === 0 && keyword === 'lvs_timeouts')
    report('MISSING_KEY', `${keyword} has no value`, position);
  for (let index = 0; index < words.length; index += 2) {
    const [name, value] = [words[index], words[index + 1]];
    if (!name) continue;
    if (!names.includes(name.text)) {
      const near = nearest(name.text, names)[0];
      const hint = near === undefined ? `known: ${names.join(', ')}` : `did you mean "${near}"?`;
      const message = `${keyword} has no option ${JSON.stringify(name.text)}`;
      report('UNKNOWN_KEY', message, name.position, { hint });
      return found;
    }
    if (value) found.push([name, value]);
    else report('MISSING_KEY', `${name.text} has no value`, name.position);
  }
  return found;
}
