import type { EntryLayout, Layout, ServiceLayout } from '../../config/layout.ts';
import type { DestinationKey } from '../../model/destination.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Group } from './groups.ts';
import { IN_REAL_SERVER, IN_VIRTUAL_SERVER } from './keywords.ts';
import type { RealServer } from './real-server.ts';
import type { ReadService, ReadServices } from './services.ts';
import type { Comment } from './text/pieces.ts';
import type { Block, Statement } from './tree.ts';
import type { VirtualServer } from './virtual-server.ts';

/** A comment about a server that was taken out, or one of a server. */
const ABOUT_SERVERS = /\b(?:real_server|virtual_server)\b/;

/**
 * Finds the comments of a configuration. Each is given once: to the first service of its virtual
 * server. Comments about statements that are not carried over are left out with them, but for
 * those that have servers.
 */
export function arrange({ statements, end }: Block, services: ReadServices): Layout {
  const [head, rest] = splitHead(statements);
  const first = firstServices(services);
  const laid = new Map<ServiceKey, ServiceLayout>();
  const pools = poolNames(services);
  const used = new Set<Statement>();
  let pending: string[] = [];
  for (const [index, statement] of statements.entries()) {
    const above = index === 0 ? rest : statement.above;
    const key = first.get(statement);
    const entry = key === undefined ? undefined : services.get(key);
    if (key === undefined || !entry) {
      pending = [...pending, ...commentsLeft(statement, above)];
      continue;
    }
    laid.set(key, layoutOf(entry, [...pending, ...textsOf(above)], used));
    pending = [];
  }
  for (const [key, entry] of services) {
    const {
      destinations = new Map(),
      below = [],
      ...own
    } = laid.get(key) ?? {
      above: entry.member && !used.has(entry.member) ? commentsOf(entry.member) : [],
    };
    if (entry.member) used.add(entry.member);
    const pool = pools.get(entry);
    laid.set(key, { ...own, destinations, below, ...(pool !== undefined && { pool }) });
  }
  return { head, services: laid, tail: [...pending, ...textsOf(end)] };
}

/** The comments of a statement that makes no service. Those of a group go to its first service. */
function commentsLeft({ keyword, block }: Statement, above: readonly Comment[]): string[] {
  if (keyword === 'virtual_server_group') return [];
  if (keyword !== 'virtual_server')
    return textsOf(above.filter(({ text }) => ABOUT_SERVERS.test(text)));
  const inside = (block?.statements ?? []).flatMap((inner) => inner.above);
  return textsOf([...above, ...inside, ...(block?.end ?? [])]);
}

const textsOf = (comments: readonly Comment[]): string[] =>
  comments.flatMap(({ text }) => (text === '' ? [] : [text]));

/** The comments of the first statement belong to the file, down to the last gap. */
function splitHead(statements: readonly Statement[]): [string[], readonly Comment[]] {
  const [first] = statements;
  if (!first) return [[], []];
  const { above, position } = first;
  let gap = above.length;
  while (gap > 0) {
    const next = above[gap]?.position ?? position;
    const comment = above[gap - 1]?.position;
    if (comment?.file !== next.file || comment.line + 1 < next.line) break;
    gap--;
  }
  const isAbout = /^virtual_server(?:_group)?$/.test(first.keyword);
  const split = isAbout ? gap : above.length;
  return [textsOf(above.slice(0, split)), above.slice(split)];
}

/** The first service of each virtual server. */
function firstServices(services: ReadServices): ReadonlyMap<Statement, ServiceKey> {
  const first = new Map<Statement, ServiceKey>();
  for (const [key, { virtualServer }] of services)
    if (!first.has(virtualServer.statement)) first.set(virtualServer.statement, key);
  return first;
}

function layoutOf(
  { virtualServer, group, member, realServers }: ReadService,
  above: readonly string[],
  used: Set<Statement>,
): ServiceLayout {
  const own = [
    ...(group && !used.has(group.statement) ? commentsOfGroup(group) : []),
    ...(member && !used.has(member) ? commentsOf(member) : []),
  ];
  if (group) used.add(group.statement);
  if (member) used.add(member);
  const destinations = new Map<DestinationKey, EntryLayout>();
  for (const [key, server] of realServers) destinations.set(key, entryOf(server));
  return {
    above: [...own, ...above, ...commentsInside(virtualServer)],
    ...besideOf(virtualServer.statement),
    destinations,
    below: textsOf(virtualServer.statement.block?.end ?? []),
  };
}

function commentsOfGroup({ statement }: Group): string[] {
  return [...commentsOf(statement), ...textsOf(statement.block?.end ?? [])];
}

/** The comments above and beside a statement. */
function commentsOf({ above, beside }: Statement): string[] {
  return [...textsOf(above), ...beside];
}

function commentsInside({ statement }: VirtualServer): string[] {
  return (statement.block?.statements ?? []).flatMap((inner) => {
    if (inner.keyword === 'real_server') return [];
    const isCarried = !Object.hasOwn(IN_VIRTUAL_SERVER, inner.keyword);
    return isCarried ? commentsOf(inner) : textsOf(inner.above);
  });
}

function entryOf({ statement }: RealServer): EntryLayout {
  const inside = (statement.block?.statements ?? []).flatMap((inner) =>
    Object.hasOwn(IN_REAL_SERVER, inner.keyword) ? textsOf(inner.above) : commentsOf(inner),
  );
  const end = textsOf(statement.block?.end ?? []);
  return { above: [...textsOf(statement.above), ...inside, ...end], ...besideOf(statement) };
}

function besideOf({ beside }: Statement): { readonly beside?: string } {
  return beside.length > 0 ? { beside: beside.join('; ') } : {};
}

/** The name of a group is that of a list, unless several lists would have it. */
function poolNames(services: ReadServices): ReadonlyMap<ReadService, string> {
  const users = new Map<Group, Set<VirtualServer>>();
  for (const { group, virtualServer } of services.values()) {
    if (!group) continue;
    users.set(group, (users.get(group) ?? new Set()).add(virtualServer));
  }
  const names = new Map<ReadService, string>();
  for (const entry of services.values()) {
    const { group, virtualServer } = entry;
    if (!group) continue;
    const isShared = (users.get(group)?.size ?? 0) > 1;
    const suffix = isShared ? `-${virtualServer.protocol ?? 'udp'}` : '';
    names.set(entry, `${group.name}${suffix}`);
  }
  return names;
}
