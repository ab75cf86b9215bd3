import { isFailure } from '../../ipvsadm/grammar/failure.ts';
import { parseCommand } from '../../ipvsadm/grammar/parse.ts';
import { formatSave } from '../../ipvsadm/save.ts';
import { runCall } from '../../ipvsadm/script-calls.ts';
import { warnOnce } from '../branch.ts';
import { print, type Run, spend, takeInput } from '../run.ts';
import {
  assumed,
  type Field,
  isUnknown,
  type Status,
  SUCCESS,
  unknownValue,
  type Value,
} from '../value.ts';
import type { Call } from './call.ts';

/** Tells whether a word is the name of ipvsadm or of one of its companions. */
export function isIpvsadm({ text, doubt }: Field): boolean {
  return (
    doubt?.kind !== 'unknown' &&
    /(?:^|\/)ipvsadm(?:-save|-restore)?$/.test(text) &&
    !/\/init\.d\/|^\/etc\//.test(text)
  );
}

/** Runs ipvsadm, `ipvsadm-save` or `ipvsadm-restore` on the table in memory. */
export function runIpvsadm({ run, name, args }: Call): Status {
  if (name.text.endsWith('-save')) return save(run);
  if (name.text.endsWith('-restore')) return restore(run, name, args);
  const command = parseCommand(
    args.map(({ text }) => text),
    run.reading.rules,
  );
  if (!args.some(isUnknown) && !isFailure(command)) {
    if (command.kind === 'save') return save(run);
    if (command.kind === 'restore') return restore(run, name, args);
    if (command.kind !== 'modify') {
      print(run, unknownValue('a listing of ipvsadm', name.at));
      return SUCCESS;
    }
  }
  return change(run, name, args);
}

/** Makes one call that changes the table, or fails. */
function change(run: Run, name: Field, args: readonly Field[]): Status {
  checkNamespace(run, name.at);
  run.calls++;
  const doubtful = args.find(isUnknown);
  if (doubtful) return refuseUnknown(run, doubtful, doubtful);
  const unset = args.find((arg) => arg.unset !== undefined);
  if (unset) {
    run.isIncomplete = true;
    run.reading.report('IPVSADM_LINE', `${unset.unset} is not set`, unset.at, {
      hint: 'set it in the script, or give the arguments after the file: ipvstate import FILE ARGS',
    });
    return { code: 2 };
  }
  const isElsewhere = /^[^/.]+\//.test(name.text);
  const place = assumed(`${name.text} is ipvsadm in the folder of the run`, name.at);
  for (const { doubt } of [...(isElsewhere ? [{ doubt: place }] : []), name, ...args])
    if (doubt)
      warnOnce(run, `ipvsadm gets a value on the assumption that ${doubt.reason}`, doubt.at);
  return call(run, name, args);
}

function refuseUnknown(run: Run, { doubt }: Value, { at }: Field): Status {
  run.isIncomplete = true;
  const { reading } = run;
  const position = reading.position(doubt?.at ?? at);
  const isElsewhere = position.line !== reading.position(at).line;
  reading.report(
    'IPVSADM_LINE',
    `a call of ipvsadm gets ${doubt?.reason}, which is not known`,
    at,
    {
      hint: 'write the value in place of it in a copy of the script',
      ...(isElsewhere && { related: { message: 'the value comes from here', position } }),
    },
  );
  return { code: 0, doubt };
}

/** A table belongs to one network namespace. */
function checkNamespace(run: Run, at: number): void {
  const { session, namespace, reading } = run;
  session.namespace ??= { name: namespace, at };
  const first = session.namespace;
  if (first.name === namespace) return;
  const shown = (name: string | undefined) =>
    name === undefined ? 'the network namespace of the shell' : `the network namespace ${name}`;
  reading.report('IPVSADM_LINE', `this call is for ${shown(namespace)}`, at, {
    hint: 'one configuration is for one namespace: import a copy of the script for each',
    related: {
      message: `an earlier call is for ${shown(first.name)}`,
      position: reading.position(first.at),
    },
  });
}

const DELETIONS = new Set(['delete-service', 'delete-destination']);

/** Runs a call. A refusal that the script handles, or does not look at, is no error. */
function call(run: Run, name: Field, args: readonly Field[]): Status {
  const { reading } = run;
  const before = reading.issues.length;
  const { status, command, refusal } = runCall(reading, args, name);
  if (!refusal) return { code: status };
  const isMissing = refusal.first === undefined;
  const isDeletion = command?.kind === 'modify' && DELETIONS.has(command.operation.kind);
  if (run.isCondition || run.isQuiet || (run.isIncomplete && isMissing)) reading.dropAfter(before);
  else if (isMissing && isDeletion) {
    reading.dropAfter(before);
    reading.report(
      'NO_EFFECT',
      'there is nothing to delete: the table is empty at first',
      name.at,
      {
        severity: 'warning',
      },
    );
  }
  return { code: status };
}

function save(run: Run): Status {
  const { services } = run.reading.state;
  const entries = Array.from(services, ([key, { service, destinations }]) => {
    return [key, { service, destinations }] as const;
  });
  const { isIncomplete } = run;
  print(
    run,
    isIncomplete
      ? unknownValue('the table', 0)
      : { text: formatSave({ services: new Map(entries) }) },
  );
  return SUCCESS;
}

/** Makes the calls of the lines that `-R` reads. */
function restore(run: Run, name: Field, args: readonly Field[]): Status {
  const extra = args.find(({ text }) => text !== '-R' && text !== '--restore');
  if (extra) return call(run, name, args);
  checkNamespace(run, name.at);
  run.calls++;
  const { stdin } = run;
  const input = stdin ? takeInput(run) : unknownValue('the input from a terminal', name.at);
  if (isUnknown(input)) {
    run.isIncomplete = true;
    const file = /^the file (.*)/.exec(input.doubt?.reason ?? '')?.[1];
    run.reading.report('IPVSADM_LINE', `the rules come from ${input.doubt?.reason}`, name.at, {
      hint:
        file === undefined
          ? 'put the rules into the script'
          : `import the rules themselves: ipvstate import ${file}`,
    });
    return { code: 0, doubt: input.doubt };
  }
  if (input.doubt)
    warnOnce(
      run,
      `ipvsadm reads rules on the assumption that ${input.doubt.reason}`,
      input.doubt.at,
    );
  let status: Status = SUCCESS;
  for (const words of linesOf(run, input.text, stdin?.at, name)) {
    spend(run, name.at, 1 + Math.floor(words.length / 10));
    const [first] = words;
    if (first) status = call(run, first, words);
    if (status.code === 2) break;
  }
  return status;
}

/** The words of each line. There is no quoting, and `ipvsadm` may stand anywhere. */
function* linesOf(
  run: Run,
  text: string,
  start: number | undefined,
  name: Field,
): Generator<readonly Field[], undefined> {
  let at = start;
  const inScript = at !== undefined && run.session.text.startsWith(text.slice(0, 1), at);
  for (const line of text.split('\n')) {
    const place = inScript ? (at ?? name.at) : name.at;
    const words: Field[] = [];
    for (const match of line.matchAll(/[^ \t\r]+/g)) {
      if (match[0].startsWith('#')) break;
      if (match[0] === 'ipvsadm') continue;
      const column = run.session.text.startsWith(match[0], place + match.index) ? match.index : 0;
      words.push({ text: match[0], at: place + column });
    }
    if (words.length > 0) yield words;
    if (inScript && at !== undefined) {
      const end = run.session.text.indexOf('\n', at);
      at = end === -1 ? at : end + 1;
    }
  }
}
