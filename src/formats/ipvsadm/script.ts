import type { ParseResult } from '../../config/parse.ts';
import type { Desired } from '../../model/desired.ts';
import { hasErrors } from '../../model/issue.ts';
import { findMixedFamily } from '../../model/rules.ts';
import { SCHEDULERS } from '../../model/scheduler.ts';
import { type ServiceKey, serviceKey } from '../../model/service.ts';
import { DAEMON_ROLES } from '../../model/settings.ts';
import type { ServiceEntry } from '../../model/table.ts';
import { isFailure } from './grammar/failure.ts';
import { type Names, NUMERIC_ONLY } from './grammar/names.ts';
import { type ParseRules, parseCommand } from './grammar/parse.ts';
import type { Modify } from './grammar/parsed-command.ts';
import { parseSavedLine } from './saved-line.ts';
import { describeFailure } from './script-failure.ts';
import { type Reporter, reporter } from './script-issues.ts';
import { splitCommandWords } from './script-line.ts';
import { findKernelRefusal } from './script-refusals.ts';
import { applyToScript, emptyScriptState, placesOf, type ScriptState } from './script-state.ts';
import { type ScriptLine, type ScriptWord, splitScript } from './script-words.ts';

/**
 * Reads the output of `ipvsadm -S`, or a script of `ipvsadm` lines. The desired state is the table
 * after the last line.
 * @param names host and port names. By default there are none: names differ between machines and
 *   days
 */
export function parseScript(text: string, file: string, names: Names = NUMERIC_ONLY): ParseResult {
  const rules: ParseRules = { names, signedMarks: true, programName: 'ipvsadm' };
  const reading: Reading = {
    rules,
    ...reporter(text, file),
    state: emptyScriptState(),
    broken: new Set(),
  };
  const readSavedLine = (start: number, end: number): boolean => {
    const command = parseSavedLine(text, start, end);
    if (!command) return false;
    const at = offsetOfWord(text, start, command.serverWord ?? command.serviceWord ?? 0);
    modifyBy(reading, command.operation, start, at);
    return true;
  };
  for (const line of splitScript(text, readSavedLine)) readLine(reading, line);
  const { issues, state, report } = reading;
  if (!state.declaresServices && !hasErrors(issues)) {
    const hint = 'write a line `-C` when there must be no services';
    report('EMPTY', 'this ipvsadm save text adds no service, and does not clear the table', 0, {
      hint,
    });
  }
  reportMixedFamily(reading);
  return { desired: hasErrors(issues) ? undefined : toDesired(reading), issues };
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

/** Offset of a word in a line with exactly one blank between two words. */
function offsetOfWord(text: string, start: number, index: number): number {
  let at = start;
  for (let word = 0; word < index; word++) at = text.indexOf(' ', at) + 1;
  return at;
}

interface Reading extends Reporter {
  readonly rules: ParseRules;
  readonly state: ScriptState;
  /** Services whose own line is wrong. Later lines about them get no further issue. */
  readonly broken: Set<ServiceKey>;
}

function readLine(reading: Reading, line: ScriptLine): void {
  const { rules, broken, report } = reading;
  const { args, problem } = splitCommandWords(line);
  if (problem) {
    report('IPVSADM_LINE', problem.message, problem.word.at, { hint: problem.hint });
    return;
  }
  const start = args[0] ?? line.words[0];
  if (!start) return;
  const argv = args.map((word) => word.text);
  const command = parseCommand(argv, rules);
  if (isFailure(command)) {
    const word = command.word === undefined ? start : (args[command.word] ?? start);
    const { message, hint, service } = describeFailure(command, argv, word.text, rules);
    if (service) broken.add(serviceKey(service));
    report('IPVSADM_LINE', message, word.at, { hint });
  } else if (command.kind === 'modify') {
    modify(reading, command, args, start);
  } else if (command.kind === 'restore') {
    report('NOT_DECLARATIVE', 'the rules that -R reads are not in this file', start.at);
  } else {
    report('NOT_DECLARATIVE', 'this line does not change the table', start.at, {
      severity: 'warning',
    });
  }
}

function modify(
  reading: Reading,
  command: Modify,
  args: readonly ScriptWord[],
  start: ScriptWord,
): void {
  const { operation, cautions, serviceWord, serverWord } = command;
  for (const { code, message, word } of cautions)
    reading.report(code, message, (args[word] ?? start).at, { severity: 'warning' });
  modifyBy(reading, operation, start.at, (args[serverWord ?? serviceWord ?? 0] ?? start).at);
}

/**
 * @param start offset of the line
 * @param at offset of the option that names the service or the destination
 */
function modifyBy(
  reading: Reading,
  operation: Modify['operation'],
  start: number,
  at: number,
): void {
  const { state, broken, report, position } = reading;
  warn(reading, operation, start);
  const refused = findKernelRefusal(operation);
  if (refused) report(refused.code, refused.message, at);
  const refusal = applyToScript(state, operation, at);
  if (!refusal || (refusal.missing !== undefined && broken.has(refusal.missing))) return;
  if (refusal.first !== undefined) {
    const related = { message: 'the first one is here', position: position(refusal.first) };
    report('DUPLICATE', refusal.message, at, { related });
    return;
  }
  const hint =
    'the file must describe the whole table: a line can change only an entry of an earlier line';
  report('IPVSADM_LINE', refusal.message, at, { hint });
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
