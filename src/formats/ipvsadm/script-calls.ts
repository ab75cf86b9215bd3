import type { ParseResult } from '../../config/parse.ts';
import type { Desired } from '../../model/desired.ts';
import { hasErrors } from '../../model/issue.ts';
import { findMixedFamily } from '../../model/rules.ts';
import { SCHEDULERS } from '../../model/scheduler.ts';
import { type ServiceKey, serviceKey } from '../../model/service.ts';
import { DAEMON_ROLES } from '../../model/settings.ts';
import type { ServiceEntry } from '../../model/table.ts';
import { type Comments, createComments } from '../comments.ts';
import { describeTypographic, findTypographic } from '../typography.ts';
import { isFailure } from './grammar/failure.ts';
import type { Names } from './grammar/names.ts';
import { type ParseRules, parseCommand } from './grammar/parse.ts';
import type { Command, Modify } from './grammar/parsed-command.ts';
import { describeFailure } from './script-failure.ts';
import { type Reporter, reporter } from './script-issues.ts';
import { type HostNames, reportHosts, takeRemarks } from './script-names.ts';
import { findKernelRefusal } from './script-refusals.ts';
import {
  applyToScript,
  emptyScriptState,
  placesOf,
  type Refusal,
  type ScriptState,
} from './script-state.ts';
import type { ScriptWord } from './script-words.ts';

/** Calls of ipvsadm in one text that act on a table in memory. */
export interface Reading extends Reporter {
  readonly rules: ParseRules;
  readonly state: ScriptState;
  /** Services whose own line is wrong. Later lines about them get no further issue. */
  readonly broken: Set<ServiceKey>;
  /** The comments of the text. Its reader adds them; the calls add the entries. */
  readonly comments: Comments;
  readonly hosts: HostNames;
}

/** @param hostHint how a reader of the text replaces the names of hosts */
export function startReading(
  text: string,
  file: string,
  names: Names,
  hostHint = 'save the table again with `ipvsadm -Sn`, which writes addresses',
): Reading {
  return {
    rules: { names, signedMarks: true, programName: 'ipvsadm' },
    ...reporter(text, file),
    state: emptyScriptState(),
    broken: new Set(),
    comments: createComments(),
    hosts: { names: new Set(), places: [], hint: hostHint },
  };
}

/** The end of a call. */
export interface CallOutcome {
  /** ipvsadm's exit status. */
  readonly status: number;
  /** undefined when ipvsadm cannot read its words. */
  readonly command: Command | undefined;
  /** The answer of the kernel, when it refuses the change. */
  readonly refusal: Refusal | undefined;
}

/** ipvsadm's exit status for a change that the kernel refuses. */
const REFUSED = 255;

/**
 * Runs one call, and reports its problems.
 * @param start the place of the call as a whole
 */
export function runCall(
  reading: Reading,
  args: readonly ScriptWord[],
  start: ScriptWord,
): CallOutcome {
  const { rules, broken, report } = reading;
  const argv = args.map((word) => word.text);
  const command = parseCommand(argv, rules);
  const hasHost = takeRemarks(reading, args, start);
  if (isFailure(command)) {
    // All hosts are one issue. A call with one has no further fault that is certain.
    if (hasHost) return { status: command.exit, command: undefined, refusal: undefined };
    const odd = args.find((word) => findTypographic(word.text));
    const character = odd && findTypographic(odd.text);
    if (character) {
      const { message, hint } = describeTypographic(character);
      report('IPVSADM_LINE', message, odd.at, { hint });
      return { status: command.exit, command: undefined, refusal: undefined };
    }
    const word = command.word === undefined ? start : (args[command.word] ?? start);
    const { message, hint, service } = describeFailure(command, argv, word.text, rules);
    if (service) broken.add(serviceKey(service));
    report('IPVSADM_LINE', message, word.at, { hint });
    return { status: command.exit, command: undefined, refusal: undefined };
  }
  if (command.kind === 'modify') return modify(reading, command, args, start);
  if (command.kind === 'restore') {
    report('NOT_DECLARATIVE', 'the rules that -R reads are not in this file', start.at);
  } else {
    report('NOT_DECLARATIVE', 'this line does not change the table', start.at, {
      severity: 'warning',
    });
  }
  return { status: 0, command, refusal: undefined };
}

function modify(
  reading: Reading,
  command: Modify,
  args: readonly ScriptWord[],
  start: ScriptWord,
): CallOutcome {
  const { operation, cautions, serviceWord, serverWord } = command;
  for (const { code, message, word } of cautions)
    reading.report(code, message, (args[word] ?? start).at, { severity: 'warning' });
  const at = (args[serverWord ?? serviceWord ?? 0] ?? start).at;
  const refusal = modifyBy(reading, operation, start.at, at);
  return { status: refusal ? REFUSED : 0, command, refusal };
}

/**
 * Applies a change, and reports its problems.
 * @param start offset of the line
 * @param at offset of the option that names the service or the destination
 */
export function modifyBy(
  reading: Reading,
  operation: Modify['operation'],
  start: number,
  at: number,
): Refusal | undefined {
  const { state, broken, report, position } = reading;
  warn(reading, operation, start);
  const refused = findKernelRefusal(operation);
  if (refused) report(refused.code, refused.message, at);
  const refusal = applyToScript(state, operation, at);
  if (!refusal) addEntry(reading, operation);
  if (!refusal || (refusal.missing !== undefined && broken.has(refusal.missing))) return refusal;
  if (refusal.first !== undefined) {
    const related = { message: 'the first one is here', position: position(refusal.first) };
    report('DUPLICATE', refusal.message, at, { related });
    return refusal;
  }
  const hint =
    'the file changes a table that it does not describe: ' +
    'where it has run, `ipvsadm -Sn` saves the whole table';
  report('IPVSADM_LINE', refusal.message, at, { hint });
  return refusal;
}

/** Gives the comments before this place to the entry that a change is about. */
function addEntry({ comments, state }: Reading, operation: Modify['operation']): void {
  switch (operation.kind) {
    case 'add-service':
    case 'edit-service':
      comments.addService(operation.service.key);
      break;
    case 'add-destination':
    case 'edit-destination':
      // A key is made for each line only where it is not known: there may be 100,000 lines.
      comments.addDestination(
        state.recent?.service.service.key ?? serviceKey(operation.service),
        operation.destination.key,
      );
      break;
    default:
      comments.addOther();
  }
}

function warn({ state, report }: Reading, operation: Modify['operation'], at: number): void {
  const severity = 'warning';
  if (operation.kind === 'zero') {
    report('NOT_DECLARATIVE', 'counters are not part of the desired state', at, { severity });
  } else if (operation.kind === 'stop-daemon' && !state.daemons.has(operation.role)) {
    const hint = 'in the YAML format, `sync_daemons: []` stops all daemons';
    report('NOT_DECLARATIVE', 'a daemon that this file does not start is left alone', at, {
      severity,
      hint,
    });
  } else if (operation.kind === 'add-service' || operation.kind === 'edit-service') {
    const { scheduler } = operation.service;
    if ((SCHEDULERS as readonly string[]).includes(scheduler)) return;
    report('SCHEDULER', `the mainline kernel has no scheduler "${scheduler}"`, at, { severity });
  }
}

/** The table after the last call, the comments, and all issues. */
export function endReading(reading: Reading): ParseResult {
  reportMixedFamily(reading);
  reportHosts(reading);
  const { issues, comments } = reading;
  if (hasErrors(issues)) return { desired: undefined, issues };
  const desired = toDesired(reading);
  return { desired, issues, layout: comments.toLayout(desired.services) };
}

function reportMixedFamily({ state, report, position }: Reading): void {
  const [daemon] = state.daemons.values();
  const mixed = daemon && findMixedFamily(state.services);
  if (!mixed) return;
  const service = state.services.get(mixed.service.key);
  const at = (service && placesOf(service).get(mixed.destination.key)) ?? 0;
  const related = { message: 'the sync daemon is here', position: position(daemon.at) };
  report('CONFLICT', mixed.message, at, { related });
}

function toDesired({ state, position }: Reading): Desired {
  const services = new Map<ServiceKey, ServiceEntry>();
  for (const [key, { service, destinations }] of state.services)
    services.set(key, { service, destinations });
  const daemons = DAEMON_ROLES.flatMap((role) => state.daemons.get(role)?.daemon ?? []);
  return {
    services,
    timeouts: state.timeouts,
    daemons: daemons.length > 0 ? daemons : undefined,
    limits: {},
    names: new Map(),
    locate: (service, destination) => {
      const found = state.services.get(service);
      const at = destination === undefined ? found?.at : found && placesOf(found).get(destination);
      return at === undefined ? undefined : position(at);
    },
  };
}
