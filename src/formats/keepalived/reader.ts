import type { ParseResult } from '../../config/parse.ts';
import type { WrittenHealths } from '../../config/write/health.ts';
import type { Desired } from '../../model/desired.ts';
import { hasErrors } from '../../model/issue.ts';
import { isServiceName } from '../../model/names.ts';
import { findMixedFamily } from '../../model/rules.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { ServiceEntry } from '../../model/table.ts';
import type { ParseOptions } from '../format.ts';
import { createNotCarried } from '../not-carried.ts';
import { arrange } from './arrangement.ts';
import { type Context, reportUnknown } from './context.ts';
import { type GlobalSettings, readGlobalDefs } from './global-defs.ts';
import { type Group, readGroup } from './groups.ts';
import { healthOf } from './health.ts';
import { AT_THE_TOP } from './keywords.ts';
import { createReport } from './report.ts';
import { addServices, type ReadServices } from './services.ts';
import { evaluate } from './text/evaluate.ts';
import { type Block, buildTree, type Statement } from './tree.ts';
import { readVirtualServer, type VirtualServer } from './virtual-server.ts';

/** Reads a keepalived.conf: the table that keepalived makes while every server is healthy. */
export async function parseKeepalived(
  text: string,
  file: string,
  options: ParseOptions = {},
): Promise<ParseResult> {
  const { issues, report } = createReport();
  const plain = text.startsWith('\ufeff') ? text.slice(1) : text;
  const { pieces, included, defined } = await evaluate(plain, file, options, report);
  const root = buildTree(pieces, report);
  const context: Context = { report, notCarried: createNotCarried(), defined };
  const { services, settings, health } = readRoot(root, context);
  reportMixedFamily(services, settings, context);
  const [first] = services.values();
  if (!first && !hasErrors(issues)) {
    const message = 'this keepalived.conf has no virtual_server with real servers';
    report('EMPTY', message, { file, line: 1, column: 1 });
  }
  const all = [...issues, ...context.notCarried.issues()];
  if (first) all.push(twoOwners(first.virtualServer.statement));
  return {
    desired: hasErrors(all) ? undefined : toDesired(services, settings),
    issues: all,
    layout: arrange(root, services),
    ...(health.size > 0 && { health }),
    included,
  };
}

function readRoot(
  root: Block,
  context: Context,
): {
  readonly services: ReadServices;
  readonly settings: GlobalSettings;
  readonly health: WrittenHealths;
} {
  const settings: GlobalSettings = { timeouts: {} };
  const groups = new Map<string, Group>();
  const servers: VirtualServer[] = [];
  for (const statement of root.statements) {
    const { keyword } = statement;
    const known = Object.hasOwn(AT_THE_TOP, keyword) ? AT_THE_TOP[keyword] : undefined;
    if (keyword === 'global_defs') {
      readGlobalDefs(settings, statement, context);
    } else if (keyword === 'virtual_server_group') {
      addGroup(groups, statement, context);
    } else if (keyword === 'virtual_server') {
      const server = readVirtualServer(statement, context);
      if (server) servers.push(server);
    } else if (known) {
      context.notCarried.add(known.kind, statement.position, known.hint);
      if (keyword === 'vrrp_instance') noteSyncDaemon(statement, context);
    } else {
      const names = ['global_defs', 'virtual_server_group', 'virtual_server'];
      reportUnknown(statement, 'here', [...names, ...Object.keys(AT_THE_TOP)], context);
    }
  }
  const services: ReadServices = new Map();
  for (const server of servers) addServices(services, server, groups, context);
  for (const { isUsed, isWhole, name, statement } of groups.values())
    if (!isUsed && isWhole) {
      const message = `no virtual_server uses the group ${name}`;
      context.report('NO_EFFECT', message, statement.position, { severity: 'warning' });
    }
  return { services, settings, health: healthOf(servers, services, context) };
}

function addGroup(groups: Map<string, Group>, statement: Statement, context: Context): void {
  const group = readGroup(statement, context);
  if (!group) return;
  const first = groups.get(group.name);
  if (!first) {
    groups.set(group.name, group);
    return;
  }
  const related = { message: 'the first one is here', position: first.statement.position };
  const message = `there is a group ${group.name} already`;
  context.report('DUPLICATE', message, statement.position, { related });
}

/** An older way to tie a sync daemon to a VRRP instance. */
function noteSyncDaemon({ block }: Statement, { notCarried }: Context): void {
  for (const { keyword, position } of block?.statements ?? []) {
    if (keyword !== 'lvs_sync_daemon_interface' && keyword !== 'lvs_sync_daemon') continue;
    const hint = 'write sync_daemons by hand, with the role that this machine has';
    notCarried.add('sync daemon that follows a VRRP instance', position, hint);
  }
}

function reportMixedFamily(
  services: ReadServices,
  { daemons }: GlobalSettings,
  { report }: Context,
): void {
  const mixed = daemons && findMixedFamily(services);
  if (!mixed) return;
  const place = services.get(mixed.service.key)?.realServers.get(mixed.destination.key);
  const related = { message: 'the sync daemons are here', position: daemons.statement.position };
  const position = place?.statement.position ?? daemons.statement.position;
  report('CONFLICT', mixed.message, position, { related });
}

function twoOwners({ position }: Statement) {
  return {
    code: 'TRANSLATE',
    severity: 'warning',
    message: 'keepalived and `ipvstate watch` must not both own a service',
    position,
    hint: 'stop keepalived; where it stays for VRRP, remove its virtual_server blocks',
  } as const;
}

function toDesired(services: ReadServices, { timeouts, daemons }: GlobalSettings): Desired {
  const entries = new Map<ServiceKey, ServiceEntry>();
  for (const [key, { service, destinations }] of services)
    entries.set(key, { service, destinations });
  return {
    services: entries,
    timeouts,
    daemons: daemons?.list,
    limits: {},
    names: namesOf(services),
    locate: (key, destination) => {
      const found = services.get(key);
      if (destination === undefined)
        return (found?.member ?? found?.virtualServer.statement)?.position;
      return found?.realServers.get(destination)?.statement.position;
    },
  };
}

/** The names that a file gives for SNMP. A name of several services names none of them. */
function namesOf(services: ReadServices): ReadonlyMap<ServiceKey, string> {
  const keys = new Map<string, ServiceKey[]>();
  for (const [key, { virtualServer }] of services) {
    const name = virtualServer.name?.text;
    if (name === undefined || !isServiceName(name)) continue;
    keys.set(name, [...(keys.get(name) ?? []), key]);
  }
  return new Map(
    [...keys].flatMap(([name, [key, ...others]]) =>
      key !== undefined && others.length === 0 ? [[key, name] as const] : [],
    ),
  );
}
