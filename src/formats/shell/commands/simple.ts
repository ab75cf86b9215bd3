import type { Assignment, Command, Statement } from 'unbash';
import { expandText } from '../expand/text.ts';
import { expandFields } from '../expand/word.ts';
import { withRedirects } from '../redirects.ts';
import {
  deeper,
  filePath,
  inSubshell,
  placeOf,
  print,
  type Run,
  spendText,
  takeInput,
} from '../run.ts';
import { derived, type Field, isUnknown, type Status, SUCCESS, type Value } from '../value.ts';
import { endScope, initialVariables } from '../variables.ts';
import { assign } from './assign.ts';
import type { Builtins } from './call.ts';
import { CONTROL_COMMANDS, findPrograms, runText } from './control.ts';
import { runExternal } from './external.ts';
import { isIpvsadm, runIpvsadm } from './ipvsadm.ts';
import { evaluateArguments } from './test.ts';
import { TEXT_COMMANDS } from './text.ts';
import { VARIABLE_COMMANDS } from './variables.ts';
import { inNamespace, unwrap } from './wrappers.ts';

const BUILTINS: Builtins = {
  ...CONTROL_COMMANDS,
  ...TEXT_COMMANDS,
  ...VARIABLE_COMMANDS,
  test: ({ run, args, name }) => evaluateArguments(run, args, name.at),
  '[': ({ run, args, name }) => evaluateArguments(run, args.slice(0, -1), name.at),
};

const DECLARING = new Set(['export', 'readonly', 'declare', 'typeset', 'local']);

/** Runs a simple command: assignments, words and redirections. */
export function runSimple(run: Run, node: Command): Status {
  const assignments = node.prefix.filter((each) => each.type === 'Assignment');
  const { name } = node;
  if (!name) {
    // `x=$?` reads the status of before; `x=$(command)` has the status of the command.
    const before = run.status;
    const { stdin } = run;
    return withRedirects(run, node.redirects, () => {
      // `$(< file)` is the text of the file.
      if (assignments.length === 0 && run.stdin && run.stdin !== stdin) print(run, takeInput(run));
      for (const assignment of assignments) assign(run, assignment);
      return run.status === before && !run.jump ? SUCCESS : run.status;
    });
  }
  const isDeclaring = DECLARING.has(name.value);
  const declared = isDeclaring ? node.args.filter((arg) => arg.type === 'Assignment') : [];
  const words = [
    ...expandFields(run, [name]),
    ...node.args.flatMap((arg): readonly Field[] => {
      if (arg.type === 'Word') return expandFields(run, [arg]);
      return isDeclaring ? [] : [assignmentWord(run, arg)];
    }),
  ];
  for (const { text } of words) spendText(run, text.length);
  if (run.jump) return run.status;
  noteEnd(run, node, words);
  const hidden = assignments.map((each) => [each.name, run.variables.get(each.name)] as const);
  for (const assignment of assignments) assign(run, assignment);
  const { exported } = run.session;
  const added = assignments.filter(({ name: each }) => !exported.has(each));
  for (const each of added) exported.add(each.name);
  const status = withRedirects(run, node.redirects, () => runWords(run, words, declared));
  for (const each of added) exported.delete(each.name);
  for (const [each, variable] of hidden) {
    if (variable) run.variables.set(each, variable);
    else run.variables.delete(each);
  }
  return status;
}

/** `name=value` as a word of a command. */
function assignmentWord(run: Run, node: Assignment): Field {
  const at = placeOf(run, node);
  if (node.value.type === 'ArrayValue') return { text: node.text, at };
  const value = expandText(run, node.value);
  return { ...derived(`${node.name}=${value.text}`, [value]), at };
}

/** Remembers where the line of a call ends: a comment may follow. */
function noteEnd(run: Run, node: Command, words: readonly Field[]): void {
  if (run.place !== undefined) return;
  for (const { at } of words) run.session.callEnds.set(at, node.end);
}

/** Runs a command whose words are expanded. */
export function runWords(
  run: Run,
  words: readonly Field[],
  assignments: readonly Assignment[] = [],
): Status {
  const [name, ...args] = words;
  if (!name) return run.status;
  const call = { run, name, args, assignments };
  if (isUnknown(name)) return runExternal(call);
  const own = run.wrapper === undefined ? run.functions.get(name.text) : undefined;
  run.wrapper = undefined;
  if (own) return runFunction(run, name, args);
  if (isIpvsadm(name)) return runIpvsadm(call);
  const { text } = name;
  if (text === 'command' && /^-[vV]$/.test(args[0]?.text ?? '')) return findPrograms(call);
  const inner = unwrap(words);
  if (inner) return runInner(run, text, inner);
  const namespaced = inNamespace(words);
  if (namespaced) {
    const { namespace } = run;
    run.namespace = namespaced.name.text;
    const status = runInner(run, text, namespaced.inner);
    run.namespace = namespace;
    return status;
  }
  const command = text.replace(/^\/(?:usr\/)?s?bin\//, '');
  const given = textForShell(run, name, isShell(command), args);
  if (given) return inChild(run, given.args, (child) => runText(child, given.text, name.at));
  if (isItself(run, words)) return runAgain(run, isShell(command) ? args.slice(1) : args, name.at);
  const builtin = Object.hasOwn(BUILTINS, command) ? BUILTINS[command] : undefined;
  return builtin ? builtin(call) : runExternal(call);
}

interface ShellText {
  readonly text: Value;
  readonly args: readonly Field[];
}

/** The commands that a call gives to another shell: as a word, as input, or in a file. */
function textForShell(
  run: Run,
  name: Field,
  isCalled: boolean,
  args: readonly Field[],
): ShellText | undefined {
  if (!isCalled) {
    const file = run.files.get(filePath(name.text));
    return file?.kind === 'text' ? { text: file.input.value, args } : undefined;
  }
  const [option, text] = args;
  if (option && text && /^-[a-z]*c$/.test(option.text)) return { text, args: args.slice(3) };
  const path = args.findIndex((arg) => !arg.text.startsWith('-'));
  const file = run.files.get(filePath(args[path]?.text ?? ''));
  if (file?.kind === 'text') return { text: file.input.value, args: args.slice(path + 1) };
  return path === -1 && run.stdin ? { text: takeInput(run), args: [] } : undefined;
}

/** Runs a body in another shell. It gets the exported variables, and no functions. */
function inChild(run: Run, args: readonly Field[], body: (child: Run) => Status): Status {
  return inSubshell(run, (child) => {
    const { exported } = run.session;
    const isAll = run.options.has('allexport');
    const given = [...run.variables].filter(([name]) => isAll || exported.has(name));
    child.variables = new Map([...initialVariables(), ...given]);
    Object.assign(child, { args, functions: new Map(), scopes: [], options: new Set() });
    return body(child);
  });
}

const isShell = (text: string): boolean => /^(?:ba|da|k)?sh$/.test(text);

/** Runs the command within another one. `exec` ends the shell after it. */
function runInner(run: Run, wrapper: string, words: readonly Field[]): Status {
  // Functions of init scripts run functions, too. Programs and `command` cannot.
  if (!/^(?:action|daemon|time)$/.test(wrapper)) run.wrapper = wrapper;
  const status = deeper(run, words[0]?.at ?? 0, () => runWords(run, words));
  run.wrapper = undefined;
  if (wrapper === 'exec') run.jump ??= { kind: 'exit', loops: 0 };
  return status;
}

/** Tells whether a command is this script, as in `$0 stop`. */
function isItself({ session }: Run, [name, first]: readonly Field[]): boolean {
  if (session.name === '') return false;
  const path = isShell(name?.text ?? '') ? first?.text : name?.text;
  return path !== undefined && path.split('/').at(-1) === session.name.split('/').at(-1);
}

function runAgain(run: Run, args: readonly Field[], at: number): Status {
  return deeper(run, at, () =>
    inChild(run, args, (subshell) => {
      subshell.place = undefined;
      return subshell.session.evaluator.runScript(subshell, subshell.session.script);
    }),
  );
}

function runFunction(run: Run, name: Field, args: readonly Field[]): Status {
  const { body, place } = run.functions.get(name.text) ?? {};
  if (!body) return SUCCESS;
  return deeper(run, name.at, () => {
    const before = { args: run.args, place: run.place };
    run.args = args;
    run.place = place;
    run.scopes = [...run.scopes, new Map()];
    const { pos, end } = body;
    const commands: readonly Statement[] =
      body.type === 'CompoundList'
        ? body.commands
        : [{ type: 'Statement', pos, end, command: body, background: undefined }];
    const status = run.session.evaluator.runScript(run, { commands });
    endScope(run);
    Object.assign(run, before);
    if (run.jump?.kind === 'return') run.jump = undefined;
    return status;
  });
}
