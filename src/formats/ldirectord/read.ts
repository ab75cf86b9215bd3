import type { ParseResult } from '../../config/parse.ts';
import { hintFor } from '../../config/suggest.ts';
import { isServiceName, SERVICE_NAME_LENGTH } from '../../model/names.ts';
import type { ServiceKey } from '../../model/service.ts';
import type { Names } from '../ipvsadm/grammar/names.ts';
import { endReading, type Reading, startReading } from '../ipvsadm/script-calls.ts';
import { createNotCarried, type NotCarried } from '../not-carried.ts';
import { type Called, callIpvsadm } from './calls.ts';
import { healthOf } from './health.ts';
import { INSIDE, leaveOut, OUTSIDE, type Subject } from './keywords.ts';
import { type Statement, splitLines } from './lines.ts';
import { checkValue } from './values.ts';
import { startVirtual, type Virtual } from './virtual.ts';

/** The text that is read, and all that is known of it. */
export interface LdirectordReading {
  readonly reading: Reading;
  readonly notCarried: NotCarried;
  readonly names: Map<ServiceKey, string>;
  /** The virtual services that are in the table. */
  readonly services: Called[];
  /** The statements outside of the virtual services, by keyword. The last one counts. */
  readonly globals: Map<string, Statement>;
}

/**
 * Reads an ldirectord.cf. The table is the one that ldirectord makes when each of its checks
 * passes: it calls ipvsadm for each virtual service and each server, and so does this reader.
 */
export function parseLdirectord(text: string, file: string, names: Names): ParseResult {
  const reading = startReading(text, file, names, 'write their addresses');
  const context: LdirectordReading = {
    ...{ reading, notCarried: createNotCarried(), names: new Map() },
    ...{ services: [], globals: new Map() },
  };
  let virtual: Virtual | undefined;
  const end = (): void => {
    if (virtual) endVirtual(context, virtual);
    virtual = undefined;
  };
  for (const line of splitLines(text)) {
    if (line.kind === 'comment') {
      if (virtual) virtual.entries.push({ kind: 'comment', comment: line.comment });
      else addComment(reading, line.comment);
    } else if (line.kind === 'empty') {
      end();
      reading.comments.addEmptyLine();
    } else if (line.kind === 'other') {
      const hint = 'each line is KEYWORD = VALUE';
      reading.report('SYNTAX', 'this line is no statement', line.part.at, { hint });
    } else if (line.isInside || (line.isHalfInside && virtual)) {
      readInside(context, virtual, line);
    } else {
      end();
      virtual = readOutside(context, line);
    }
  }
  end();
  const health = healthOf(context.services, context.globals, context);
  const { issues, state, report, hosts } = reading;
  if (state.services.size === 0 && issues.length === 0 && hosts.places.length === 0)
    report('EMPTY', 'this ldirectord.cf has no virtual service', 0);
  const result = endReading(reading);
  const all = [...result.issues, ...context.notCarried.issues()].sort(
    ({ position: a }, { position: b }) => a.line - b.line || a.column - b.column,
  );
  if (!result.desired) return { ...result, issues: all };
  const desired = { ...result.desired, names: context.names };
  return { ...result, desired, issues: all, ...(health.size > 0 && { health }) };
}

/** Adds a comment outside of the virtual services. One with a statement is an entry taken out. */
function addComment({ comments }: Reading, comment: string): void {
  comments.add(comment, /^(?:virtual|real)6?\s*=/.test(comment));
}

/** Returns the virtual service that the statement begins, if it does. */
function readOutside(context: LdirectordReading, line: Statement): Virtual | undefined {
  const { reading } = context;
  const { key } = line;
  const subject = subjectOf(OUTSIDE, key.text);
  if (subject === 'table') return startVirtual(line);
  if (line.isHalfInside || subject === undefined) {
    const isIndented = subjectOf(INSIDE, key.text) !== undefined;
    const hint = isIndented
      ? 'put it below its virtual service, after a tab or four blanks'
      : hintFor(key.text, Object.keys(OUTSIDE));
    reading.report('UNKNOWN_KEY', `"${key.text}" is not known here`, key.at, { hint });
  } else {
    checkValue(context, line);
    context.globals.set(key.text, line);
    if (subject !== 'check' && subject !== 'timing' && subject !== 'fallback')
      leaveOut(context, subject, key.at);
  }
  if (line.comment !== undefined) reading.comments.add(line.comment);
  reading.comments.addOther();
  return undefined;
}

function readInside(
  context: LdirectordReading,
  virtual: Virtual | undefined,
  line: Statement,
): void {
  const { report } = context.reading;
  const { key, isHalfInside, comment } = line;
  const subject = subjectOf(INSIDE, key.text);
  if (isHalfInside) {
    const hint = 'indent it by a tab or four blanks, as ldirectord wants it';
    report('SYNTAX', 'a line of a virtual service is indented too little', key.at, { hint });
  } else if (!virtual) {
    const hint = 'remove the empty line before it: an empty line ends a virtual service';
    report('SYNTAX', 'this line belongs to no virtual service', key.at, { hint });
  } else if (subject === undefined) {
    const hint = /^virtual6?$/.test(key.text)
      ? 'it begins a virtual service only without blanks before it'
      : hintFor(key.text, Object.keys(INSIDE));
    report('UNKNOWN_KEY', `"${key.text}" is not known in a virtual service`, key.at, { hint });
  }
  if (!virtual) return;
  if (/^fallback6?$/.test(key.text) && (key.text === 'fallback6') !== virtual.isIPv6) {
    const owner = virtual.statement.key.text;
    report('UNKNOWN_KEY', `${owner} does not have ${key.text}`, key.at, {
      hint: `write ${virtual.isIPv6 ? 'fallback6' : 'fallback'}`,
    });
  }
  if (key.text === 'real' || key.text === 'real6') {
    virtual.entries.push({ kind: 'real', statement: line });
    return;
  }
  const earlier = virtual.settings.get(key.text);
  if (earlier && subject !== 'label' && subject !== 'alert' && subject !== 'daemon') {
    const { position } = context.reading;
    report('DUPLICATE_KEY', `"${key.text}" is set twice: the last one counts`, key.at, {
      severity: 'warning',
      related: { message: 'the first one is here', position: position(earlier.key.at) },
    });
  }
  virtual.settings.set(key.text, line);
  if (comment !== undefined) virtual.entries.push({ kind: 'comment', comment });
}

function subjectOf(table: Readonly<Record<string, Subject>>, key: string): Subject | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Makes the calls of a virtual service, and names all that they leave out. */
function endVirtual(context: LdirectordReading, virtual: Virtual): void {
  const { reading, names } = context;
  const called = callIpvsadm(context, virtual);
  if (called) context.services.push(called);
  for (const [keyword, statement] of virtual.settings) {
    checkValue(context, statement);
    const subject = INSIDE[keyword];
    if (subject === 'command' || subject === 'alert' || subject === 'daemon')
      leaveOut(context, subject, statement.key.at);
  }
  const name = virtual.settings.get('servicename');
  if (!name || !called) return;
  if (isServiceName(name.value.text)) {
    names.set(called.key, name.value.text);
    return;
  }
  const message = `a name has 1 to ${SERVICE_NAME_LENGTH} characters, and none that is not seen`;
  reading.report('BAD_VALUE', message, name.value.at);
}
