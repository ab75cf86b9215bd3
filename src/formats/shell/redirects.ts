import type { HereDoc, Redirect, Redirection } from 'unbash';
import { expandText } from './expand/text.ts';
import { outputOf } from './expand/word.ts';
import { type File, filePath, type Input, placeOf, type Run, spendText } from './run.ts';
import { assumed, isUnknown, joinValues, type Status, unknownValue, type Value } from './value.ts';

/** Runs a body with its redirections. Files exist in the simulated machine alone. */
export function withRedirects(
  run: Run,
  redirects: readonly Redirection[],
  body: () => Status,
): Status {
  if (redirects.length === 0) return body();
  const { stdin, stdout, isQuiet, outputAt } = run;
  const written: { readonly path: Value; readonly isAppended: boolean; readonly at: number }[] = [];
  let output: Value[] | undefined;
  for (const redirect of redirects) {
    if (redirect.type === 'HereDoc') run.stdin = readHereDoc(run, redirect);
    else if (redirect.type === 'HereString') {
      const value = redirect.target ? expandText(run, redirect.target) : { text: '' };
      run.stdin = { value: { ...value, text: `${value.text}\n` }, taken: 0 };
    } else {
      const [part] = redirect.target?.parts ?? [];
      if (part?.type === 'ProcessSubstitution' && part.operator === '<') {
        run.stdin = { value: outputOf(run, part), taken: 0 };
        continue;
      }
      const path = redirect.target ? expandText(run, redirect.target) : { text: '' };
      const target = redirectTo(run, redirect, path);
      if (target !== 'file') continue;
      output ??= [];
      run.stdout = output;
      const isAppended = redirect.operator.includes('>>');
      written.push({ path, isAppended, at: placeOf(run, redirect) });
    }
  }
  const status = body();
  const text = joinValues(output ?? []);
  for (const { path, isAppended, at } of written) writeFile(run, path, text, isAppended, at);
  Object.assign(run, { stdin, stdout, isQuiet, outputAt });
  return status;
}

/** Redirects a stream. Returns `file` when the output goes to a file of the machine. */
function redirectTo(run: Run, redirect: Redirect, path: Value): 'file' | undefined {
  const { operator, descriptor } = redirect;
  const number = descriptor?.type === 'FileDescriptor' ? descriptor.value : undefined;
  const isNull = path.text === '/dev/null';
  switch (operator) {
    case '<':
    case '<>':
      if ((number ?? 0) === 0) run.stdin = readFile(run, path, placeOf(run, redirect));
      return undefined;
    case '<&':
      return undefined;
    case '&>':
    case '&>>':
      run.isQuiet ||= isNull;
      return isNull ? discard(run) : 'file';
    case '>&':
      if (number === 2 && path.text === '1') run.isQuiet ||= run.stdout === 'nowhere';
      else if ((number ?? 1) === 1 && path.text === '2') run.stdout = undefined;
      else if (!/^\d+$|^-$/.test(path.text)) {
        run.isQuiet ||= isNull;
        return isNull ? discard(run) : 'file';
      }
      return undefined;
    default:
      if (number === 2) run.isQuiet ||= isNull;
      if ((number ?? 1) !== 1) return undefined;
      return isNull ? discard(run) : 'file';
  }
}

function discard(run: Run): undefined {
  run.stdout = 'nowhere';
  return undefined;
}

function readHereDoc(run: Run, { operator, body, delimiter }: HereDoc): Input {
  const isIndented = operator === '<<-';
  const raw = body.text;
  if (delimiter?.quoted || !body.parts) {
    const text = isIndented ? raw.replace(/^\t+/gm, '') : raw;
    return { value: { text }, at: run.place ?? (isIndented ? undefined : body.pos), taken: 0 };
  }
  const value = run.session.evaluator.expandParts(run, body.parts);
  const text = isIndented ? value.text.replace(/^\t+/gm, '') : value.text;
  return { value: { ...value, text }, at: run.place ?? body.pos, taken: 0 };
}

/** The text of a file. The machine may have a file that the script did not write. */
export function readFile(run: Run, path: Value, at: number): Input {
  if (isUnknown(path)) return { value: path, taken: 0 };
  if (path.text === '/dev/null') return { value: { text: '' }, taken: 0 };
  const file = run.files.get(filePath(path.text));
  if (file?.kind === 'text') return { ...file.input, taken: 0 };
  return { value: unknownValue(`the file ${path.text}`, at), taken: 0 };
}

function writeFile(run: Run, path: Value, text: Value, isAppended: boolean, at: number): void {
  if (isUnknown(path) || path.text.startsWith('/dev/')) return;
  const kernel = /^\/(?:proc|sys)\/.*/.exec(path.text);
  if (kernel) {
    run.session.mentions.push({ kind: `write to ${path.text.split('/', 3).join('/')}`, at });
    return;
  }
  const before = isAppended ? contentBefore(run, path.text, at) : { text: '' };
  const value = joinValues([before, text]);
  spendText(run, value.text.length);
  run.files.set(filePath(path.text), { kind: 'text', input: { value } });
}

/** The text to which a script appends. A file that it did not write is taken for empty. */
function contentBefore(run: Run, path: string, at: number): Value {
  const file: File | undefined = run.files.get(filePath(path));
  if (file?.kind === 'text') return file.input.value;
  if (file?.kind === 'absent') return { text: '' };
  return { text: '', doubt: assumed(`${path} has no lines before`, at) };
}
