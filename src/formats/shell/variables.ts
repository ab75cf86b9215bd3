import { LimitError, type Run, type Variable } from './run.ts';
import { assumed, EMPTY, unknownValue, type Value } from './value.ts';

/** Variables that every shell of the superuser has. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  USER: 'root',
  LOGNAME: 'root',
  SHELL: '/bin/bash',
  UID: '0',
  EUID: '0',
  OSTYPE: 'linux-gnu',
  BASH_VERSION: '5.2',
  OPTIND: '1',
  IFS: ' \t\n',
};

/** Variables whose values differ between machines or runs. */
const DIFFERING = new Set(
  'HOSTNAME HOSTTYPE MACHTYPE PWD OLDPWD PPID RANDOM SECONDS BASHPID LINENO SRANDOM EPOCHSECONDS'.split(
    ' ',
  ),
);

export function initialVariables(): Map<string, Variable> {
  return new Map(
    Object.entries(ENVIRONMENT).map(([name, text]) => [name, plainVariable({ text })]),
  );
}

export function plainVariable(value: Value): Variable {
  return { kind: 'plain', items: new Map([['0', value]]) };
}

/** The value of a variable or a special parameter. undefined when it is not set. */
export function lookUp(run: Run, name: string, at: number): Value | undefined {
  if (/^\d+$/.test(name)) {
    if (name === '0') return { text: run.session.name };
    return run.args[Number(name) - 1];
  }
  switch (name) {
    case '#':
      return { text: `${run.args.length}` };
    case '?':
      return { text: `${run.status.code}`, doubt: run.status.doubt };
    case '-':
      return { text: run.options.has('errexit') ? 'ehB' : 'hB' };
    case '$':
    case '!':
      return unknownValue('the number of a process', at);
    case '_':
      return unknownValue('$_', at);
    default:
  }
  const variable = run.variables.get(name);
  if (!variable) return DIFFERING.has(name) ? unknownValue(`$${name}`, at) : undefined;
  return variable.items.get('0');
}

/** The value of a parameter that is not set. */
export function unsetValue(run: Run, name: string, at: number): Value {
  if (!/^[A-Za-z_]/.test(name)) return EMPTY;
  if (run.sourced !== undefined && !run.variables.has(name))
    return unknownValue(`$${name}, which only ${run.sourced} may set`, at);
  return { text: '', unset: name };
}

/** The value that stands for a variable which an unknown file may have set. */
export function unlessSourced(run: Run, value: Value, name: string, at: number): Value {
  if (run.sourced === undefined || value.doubt || run.variables.has(name)) return value;
  return { ...value, doubt: assumed(`${run.sourced} does not set ${name}`, at) };
}

export function setVariable(run: Run, name: string, value: Value): void {
  const variable = run.variables.get(name);
  if (variable && variable.kind !== 'plain') setItem(run, name, '0', value);
  else if (variable?.attribute === undefined) run.variables.set(name, plainVariable(value));
  else
    run.variables.set(name, {
      ...variable,
      items: new Map([['0', attributed(variable, name, value)]]),
    });
}

/** The value of a variable with an attribute after an assignment. */
function attributed({ attribute }: Variable, name: string, value: Value): Value {
  if (attribute === 'integer' && /^(?:0|-?[1-9]\d*)$/.test(value.text)) return value;
  const at = value.doubt?.at ?? 0;
  return unknownValue(`$${name}, which is declared as ${attribute}`, at);
}

/** Gives an attribute to a variable, with its value of now. */
export function setAttribute(run: Run, name: string, attribute: Variable['attribute']): void {
  const variable = run.variables.get(name);
  const { items = new Map<string, Value>(), kind = 'plain' } = variable ?? {};
  run.variables.set(name, { items, kind, attribute });
}

/** The largest number of items of an array. */
const MAX_ITEMS = 10_000;

export function setItem(run: Run, name: string, key: string, value: Value): void {
  const variable = run.variables.get(name);
  const items = new Map(variable?.items);
  items.set(key, value);
  if (items.size > MAX_ITEMS) throw new LimitError(`the array ${name} is too large`, 0);
  run.session.steps -= Math.floor(items.size / 20);
  run.variables.set(name, { kind: variable?.kind === 'map' ? 'map' : 'array', items });
}

export function setArray(
  run: Run,
  name: string,
  items: ReadonlyMap<string, Value>,
  kind: 'array' | 'map',
): void {
  if (items.size > MAX_ITEMS) throw new LimitError(`the array ${name} is too large`, 0);
  run.variables.set(name, { kind, items });
}

/** The items of an array in the order of their indices; of a map in the order of the script. */
export function itemsOf(run: Run, name: string): (readonly [string, Value])[] {
  const variable = run.variables.get(name);
  if (!variable) return [];
  const entries = [...variable.items];
  if (variable.kind === 'array') entries.sort(([a], [b]) => Number(a) - Number(b));
  return entries;
}

/** Tells whether no variable differs. */
export function areSameVariables(
  before: ReadonlyMap<string, Variable>,
  after: ReadonlyMap<string, Variable>,
): boolean {
  return (
    before.size === after.size &&
    [...before].every(([name, variable]) => isSameVariable(variable, after.get(name)))
  );
}

function isSameVariable(before: Variable, after: Variable | undefined): boolean {
  if (before === after) return true;
  if (!after || before.items.size !== after.items.size) return false;
  return [...before.items].every(([key, { text, doubt }]) => {
    const other = after.items.get(key);
    return other?.text === text && other.doubt?.at === doubt?.at;
  });
}

/** Hides a variable until the function ends. */
export function makeLocal(run: Run, name: string): void {
  const scope = run.scopes.at(-1);
  if (!scope || scope.has(name)) return;
  scope.set(name, run.variables.get(name));
  run.variables.delete(name);
}

export function endScope(run: Run): void {
  const scope = run.scopes.pop();
  for (const [name, variable] of scope ?? []) {
    if (variable) run.variables.set(name, variable);
    else run.variables.delete(name);
  }
}
