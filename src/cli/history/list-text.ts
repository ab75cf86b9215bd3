import { DESTINATION_ATTRIBUTES } from '../../model/destination.ts';
import { printable } from '../../model/printable.ts';
import { SERVICE_ATTRIBUTES } from '../../model/service.ts';
import { TIMEOUT_ATTRIBUTES } from '../../model/settings.ts';
import { type Caller, callerName } from '../../recovery/caller.ts';
import { formatDateTime } from '../../recovery/clock.ts';
import type { BeginLine } from '../../recovery/journal/journal-lines.ts';
import type { JournaledOperation } from '../../recovery/journal/runs.ts';
import { countOf } from '../../render/count-of.ts';
import { PLAIN, type Style } from '../../render/style.ts';
import type { RunSummary } from './summary.ts';

export interface Layout {
  readonly style?: Style;
  readonly width: number;
}

/** Formats a run in two lines: when and with which outcome, by whom and why. */
export function formatRunLines(run: RunSummary, { style = PLAIN, width }: Layout): string {
  const { begin, outcome } = run;
  const id = printable(begin.run);
  const time = formatDateTime(new Date(begin.time));
  const head = cut(
    `${id}  ${time}  ${printable(`${begin.verb}: ${outcome}`)}, ${operationCount(run)}`,
    width,
  );
  const shown = style.strong(head.slice(0, id.length)) + head.slice(id.length);
  return `${shown}\n${cut(originOf(run, width), width)}\n`;
}

/** Counts the operations that the kernel did: `3 operations`, or `3 of 5 operations`. */
export function operationCount({ begin, operations, done }: RunSummary): string {
  const planned = Math.max(begin.operations, operations.length);
  const sum = countOf(planned, 'operation');
  return done === planned ? sum : `${done} of ${sum}`;
}

/** A command line that is cut shorter than this says too little. */
const SHORTEST_CAUSE = 20;

/**
 * Describes who made a run and why, such as `alice as root: ipvstate apply -f a.yaml; a.yaml
 * 4f1c22d0`. A long command line is cut where the files and their digests have room then.
 */
function originOf({ begin }: RunSummary, width: number): string {
  const { by, caller, pid, files } = begin;
  const who = printable(`    ${by ?? (caller ? formatCaller(caller) : `pid ${pid}`)}: `);
  const cause = printable(causeOf(begin));
  const digests = files.map(({ path, sha256 }) => `; ${path} ${sha256.slice(0, 8)}`);
  const rest = printable(digests.join(''));
  const room = width - who.length - rest.length;
  return `${who}${room < SHORTEST_CAUSE ? cause : cut(cause, room)}${rest}`;
}

/** The cause of a pass of the daemon is its trigger; that of any other run is the command line. */
function causeOf({ caller, verb, trigger }: BeginLine): string {
  if (!caller || verb === 'watch') return `trigger ${trigger}`;
  const command = formatCommand(caller.command);
  return trigger === 'command' ? command : `${command} (${trigger})`;
}

/** Formats a caller such as `alice as root`. */
export function formatCaller(caller: Omit<Caller, 'command'>): string {
  const name = callerName(caller);
  const user = callerName({ ...caller, sudo_user: undefined });
  return name === user ? name : `${name} as ${user}`;
}

/** Formats a command line for people. A word with blanks is in quotes. */
export function formatCommand(words: readonly string[]): string {
  return words.map((word) => (/^[^\s'"]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
}

/** Formats operations, one for each line, with the settings that an edit changed. */
export function formatOperations(
  operations: readonly JournaledOperation[],
  { width, style = PLAIN }: Layout,
): string {
  const added = new Map<string, Settings>();
  return operations
    .map((operation) => {
      const name = `      ${printable(operation.operation)}`;
      const notes = [...edits(operation, added), ...resultNote(operation)];
      const note = notes.length === 0 ? '' : `  ${printable(notes.join(', '))}`;
      const gap = name.length + note.length > width ? '\n        ' : '';
      return `${name}${gap}${operation.result === 'done' ? note : style.remove(note)}\n`;
    })
    .join('');
}

/** The names that settings have in files, by their names in the journal. */
const NAMES: ReadonlyMap<string, string> = new Map(
  [...SERVICE_ATTRIBUTES, ...DESTINATION_ATTRIBUTES, ...TIMEOUT_ATTRIBUTES].map(({ key, name }) => [
    key,
    name,
  ]),
);

type Settings = NonNullable<JournaledOperation['after']>;

/**
 * Describes what an edit changed. The journal has the settings from before the wave of an
 * operation. An object that the same wave added has none: `added` has them, by object.
 */
function edits(
  { operation, before, after }: JournaledOperation,
  added: Map<string, Settings>,
): string[] {
  if (!after) return [];
  const object = operation.slice(operation.indexOf(' ') + 1);
  const from = before ?? added.get(object);
  if (!before) added.set(object, after);
  if (!from) return [];
  const changed = Object.entries(after).filter(([name, value]) => from[name] !== value);
  if (changed.length === 0) return ['back to its settings from before'];
  return changed.map(
    ([name, value]) => `${NAMES.get(name) ?? name} ${from[name] ?? '?'} -> ${value}`,
  );
}

function resultNote({ result, errno }: JournaledOperation): string[] {
  switch (result) {
    case 'done':
      return [];
    case 'refused':
      return [`refused with ${errno}`];
    case 'unknown':
      return ['no answer'];
    default:
      return result satisfies never;
  }
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
