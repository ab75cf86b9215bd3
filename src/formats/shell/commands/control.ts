import { parse } from 'unbash';
import { deeper, filePath, type Jump, print, type Run, spend } from '../run.ts';
import {
  assumed,
  FAILURE,
  type Field,
  isUnknown,
  joinValues,
  type Status,
  SUCCESS,
  unknown,
  type Value,
} from '../value.ts';
import type { Builtins, Call } from './call.ts';

const succeed = (): Status => SUCCESS;

/** Commands of the shell that steer the run, and those without an effect on it. */
export const CONTROL_COMMANDS: Builtins = {
  ':': succeed,
  true: succeed,
  false: () => FAILURE,
  sleep: succeed,
  usleep: succeed,
  wait: succeed,
  umask: succeed,
  ulimit: succeed,
  shopt: setShellOptions,
  hash: succeed,
  alias: succeed,
  exec: succeed,
  cd: changeFolder,
  pushd: changeFolder,
  popd: changeFolder,
  clear: succeed,
  exit: (call) => leave(call, 'exit'),
  return: (call) => leave(call, 'return'),
  break: (call) => leaveLoops(call, 'break'),
  continue: (call) => leaveLoops(call, 'continue'),
  eval: ({ run, args, name }) => runText(run, joinValues(args, ' '), name.at),
  source: readSource,
  '.': readSource,
  trap: setTrap,
  touch: ({ run, args }) => {
    for (const { text, doubt } of args) {
      if (doubt || text.startsWith('-') || run.files.has(filePath(text))) continue;
      run.files.set(filePath(text), { kind: 'text', input: { value: { text: '' } } });
    }
    return SUCCESS;
  },
  rm: ({ run, args }) => {
    for (const { text, doubt } of args)
      if (!doubt && !text.startsWith('-')) run.files.set(filePath(text), { kind: 'absent' });
    return SUCCESS;
  },
  type: findPrograms,
  which: findPrograms,
};

function leave({ run, args: [code] }: Call, kind: Jump['kind']): Status {
  const status = code ? { code: Number(code.text) & 255 || 0, doubt: code.doubt } : run.status;
  run.jump = { kind, loops: 0 };
  return status;
}

function leaveLoops({ run, args: [count] }: Call, kind: Jump['kind']): Status {
  run.jump = { kind, loops: Math.max(1, Number(count?.text ?? 1) || 1) };
  return SUCCESS;
}

/** Runs text as commands. Its calls stand at the place of the command that runs it. */
export function runText(run: Run, text: Value, at: number): Status {
  if (isUnknown(text)) {
    if (/ipvsadm/.test(text.text)) reportUnknown(run, text, at);
    return { code: 0, doubt: text.doubt };
  }
  spend(run, at, Math.floor(text.text.length / 100));
  const script = parse(text.text);
  const [error] = script.errors ?? [];
  if (error) {
    run.reading.report('SYNTAX', `the text of this command: ${error.message}`, at);
    return FAILURE;
  }
  return deeper(run, at, () => {
    const { place } = run;
    run.place = at;
    const status = run.session.evaluator.runScript(run, script);
    run.place = place;
    return status;
  });
}

function reportUnknown(run: Run, { doubt }: Value, at: number): void {
  run.isIncomplete = true;
  run.reading.report('IPVSADM_LINE', `a call of ipvsadm gets ${doubt?.reason}`, at);
}

/** Libraries of functions, which set no variables that a script gives to ipvsadm. */
const LIBRARIES = /\/(?:functions|init-functions|lsb\/.*|rc\.subr|functions\.sh)$/;

function readSource({ run, args: [path, ...args], name: { at } }: Call): Status {
  if (!path) return FAILURE;
  const file = run.files.get(filePath(path.text));
  if (file?.kind === 'text' && !isUnknown(path)) {
    const before = run.args;
    if (args.length > 0) run.args = args;
    const status = runText(run, file.input.value, at);
    run.args = before;
    if (run.jump?.kind === 'return') run.jump = undefined;
    return status;
  }
  const shown = isUnknown(path) ? 'a file whose name is not known' : path.text;
  const mayDecide = isUnknown(path) || !LIBRARIES.test(path.text);
  const hint = mayDecide ? 'put the variables that ipvsadm needs into the script' : undefined;
  run.session.mentions.push({ kind: `content of ${shown}`, at: path.at, hint });
  if (mayDecide) run.sourced ??= shown;
  return { code: 0, doubt: assumed(`${shown} is read`, at) };
}

/** Files of another folder have the same relative names. */
function changeFolder({ run }: Call): Status {
  for (const path of run.files.keys()) if (!path.startsWith('/')) run.files.delete(path);
  return SUCCESS;
}

/** `trap`: commands for signals do not run, and those for failures are not simulated. */
function setTrap({ run, args: [action, ...conditions], name: { at } }: Call): Status {
  const names = conditions.map(({ text }) => text.toUpperCase().replace(/^SIG/, ''));
  if (!action) return SUCCESS;
  const isSet = action.text !== '-' && action.text !== '';
  if (names.some((name) => name === 'EXIT' || name === '0'))
    run.exitTrap = isSet ? action : undefined;
  const failure = names.find((name) => /^(?:ERR|DEBUG|RETURN)$/.test(name));
  if (failure && isSet) {
    // Calls of ipvsadm would be missing, or the script would end.
    run.reading.report('ASSUMED', `the trap for ${failure} is taken to do nothing`, at, {
      severity: /ipvsadm/.test(action.text) ? 'error' : 'warning',
    });
  }
  return SUCCESS;
}

/** Options of `shopt` that change which branch runs, or which values variables have. */
const CHANGING =
  /^(?:nocasematch|lastpipe|nullglob|failglob|xpg_echo|inherit_errexit|localvar_.*)$/;

function setShellOptions({ run, args }: Call): Status {
  const changing = args.find(({ text }) => CHANGING.test(text));
  if (changing && args.some(({ text }) => text === '-s'))
    run.reading.report(
      'IPVSADM_LINE',
      `the option ${changing.text} is not simulated`,
      changing.at,
      {
        hint: 'write a copy of the script that does without it',
      },
    );
  return SUCCESS;
}

/** `which`, `type`, and `command -v`: where a program is. */
export function findPrograms({ run, args }: Call): Status {
  const names = args.filter(({ text }) => !text.startsWith('-'));
  const statuses = names.map((name) => findProgram(run, name));
  return statuses.find(({ code }) => code !== 0) ?? statuses.find(({ doubt }) => doubt) ?? SUCCESS;
}

function findProgram(run: Run, name: Field): Status {
  if (isUnknown(name)) return { code: 0, doubt: name.doubt };
  const base = name.text.split('/').at(-1) ?? '';
  if (run.functions.has(name.text)) {
    print(run, { text: `${name.text}\n` });
    return SUCCESS;
  }
  if (/^ipvsadm(?:-save|-restore)?$/.test(base)) {
    print(run, { text: `/usr/sbin/${base}\n` });
    return SUCCESS;
  }
  const doubt = assumed(`\`${base}\` is installed`, name.at);
  print(run, { text: '', doubt: unknown(`the path of \`${base}\``, name.at) });
  return { code: 0, doubt };
}
