import { hasErrors } from '../../model/issue.ts';
import { adoptRun, forkRun, type Run } from './run.ts';
import { type Doubt, type Status, unknown, type Value } from './value.ts';

/** One way in which a script can go on. */
export type Way = (run: Run) => Status;

/**
 * Runs one of several ways. When the choice is in doubt, all ways run on copies, which shows what
 * depends on the choice: calls of ipvsadm, variables, and whether the script goes on.
 *
 * A check that may end the script is taken for passed. A call of ipvsadm under an assumption gets a
 * warning. A call that depends on an unknown choice is an error.
 */
export function choose(
  run: Run,
  doubt: Doubt | undefined,
  ways: readonly Way[],
  chosen: number,
): Status {
  const way = ways[chosen] ?? (() => run.status);
  if (!doubt) return way(run);
  const { at } = doubt;
  const outcomes = ways.map((each, index) =>
    index === chosen ? undefined : tryOut(run, each, at),
  );
  const mark = markOf(run);
  let taken = attempt(run, way, at);
  const goesOn = outcomes.findIndex((outcome) => outcome && !leaves(outcome.fork));
  const isPassed = leaves(taken.fork) && goesOn >= 0;
  if (isPassed) {
    const other = ways[goesOn] ?? way;
    if (taken.fork.calls === run.calls) {
      reset(run, mark);
      outcomes[goesOn] = undefined;
      taken = attempt(run, other, at);
    }
  }
  const others = outcomes.filter((outcome) => outcome !== undefined);
  const callers = [taken, ...others].filter(({ fork }) => fork.calls > run.calls);
  if (callers.length > 0) reportCalls(run, taken.fork, doubt);
  else if (isPassed || (doubt.kind === 'unknown' && others.some(({ fork }) => leaves(fork))))
    reportPassed(run, doubt);
  const before = run.variables;
  adoptRun(run, taken.fork);
  // A choice around this one depends on its calls, too.
  for (const { fork } of others) run.calls = Math.max(run.calls, fork.calls);
  for (const { fork } of others) {
    markDiffering(run, fork, before, doubt);
    markFiles(run, fork, doubt);
  }
  return taken.status;
}

interface Outcome {
  readonly fork: Run;
  readonly status: Status;
}

function attempt(run: Run, way: Way, at: number): Outcome {
  const fork = forkRun(run, at);
  return { fork, status: way(fork) };
}

/** Runs a way without a trace: its issues and mentions are dropped. */
function tryOut(run: Run, way: Way, at: number): Outcome {
  const mark = markOf(run);
  const outcome = attempt(run, way, at);
  reset(run, mark);
  return outcome;
}

interface Mark {
  readonly issues: number;
  readonly mentions: number;
}

function markOf({ reading, session }: Run): Mark {
  return { issues: reading.issues.length, mentions: session.mentions.length };
}

function reset({ reading, session }: Run, mark: Mark): void {
  reading.dropAfter(mark.issues);
  session.mentions.length = mark.mentions;
}

const leaves = ({ jump }: Run): boolean => jump?.kind === 'exit' || jump?.kind === 'return';

function reportCalls(run: Run, taken: Run, { kind, reason, at }: Doubt): void {
  if (kind === 'assumed') {
    warnOnce(run, `ipvsadm runs here on the assumption that ${reason}`, at);
    return;
  }
  // An unknown word of a call has an error of its own, which says more.
  if (hasErrors(taken.reading.issues.slice(run.reading.issues.length))) return;
  run.reading.report('IPVSADM_LINE', `calls of ipvsadm depend on ${reason}`, at, {
    hint: 'import a copy of the script in which this choice is made',
  });
}

function reportPassed(run: Run, { kind, reason, at }: Doubt): void {
  const message =
    kind === 'assumed'
      ? `the script would end here if ${reason}; assumed that it goes on`
      : `the script may end here: this depends on ${reason}; assumed that it goes on`;
  warnOnce(run, message, at);
}

/** Reports a warning, unless the script has it at this place already. */
export function warnOnce({ reading }: Run, message: string, at: number): void {
  const { line, column } = reading.position(at);
  const isSame = reading.issues.some(
    (issue) =>
      issue.message === message && issue.position.line === line && issue.position.column === column,
  );
  if (!isSame) reading.report('ASSUMED', message, at, { severity: 'warning' });
}

/** Gives the doubt of a choice to the variables that differ after its ways. */
function markDiffering(run: Run, other: Run, before: Run['variables'], doubt: Doubt): void {
  const names = new Set([...run.variables.keys(), ...other.variables.keys()]);
  for (const name of names) {
    const mine = run.variables.get(name);
    const theirs = other.variables.get(name);
    if (mine === theirs) continue;
    const items = mine?.items ?? before.get(name)?.items ?? new Map<string, Value>();
    const keys = new Set([...items.keys(), ...(theirs?.items.keys() ?? [])]);
    const isEqual =
      mine &&
      theirs &&
      [...keys].every((key) => {
        const [a, b] = [mine.items.get(key), theirs.items.get(key)];
        return a && b && a.text === b.text && a.doubt === b.doubt;
      });
    if (isEqual) continue;
    const marked = Array.from(
      doubt.kind === 'unknown' ? keys : items.keys(),
      (key): [string, Value] => {
        const value = items.get(key) ?? { text: '' };
        if (value.doubt?.kind === 'unknown') return [key, value];
        return [key, { ...value, doubt: nameDoubt(doubt, name) }];
      },
    );
    if (mine ?? doubt.kind === 'unknown')
      run.variables.set(name, {
        kind: mine?.kind ?? theirs?.kind ?? 'plain',
        items: new Map(marked),
      });
  }
}

/** Gives the doubt of a choice to the files that differ after its ways. */
function markFiles(run: Run, other: Run, doubt: Doubt): void {
  for (const path of new Set([...run.files.keys(), ...other.files.keys()])) {
    const mine = run.files.get(path);
    if (mine === other.files.get(path)) continue;
    if (mine?.kind !== 'text') run.files.delete(path);
    else run.files.set(path, { ...mine, input: { value: { ...mine.input.value, doubt } } });
  }
}

function nameDoubt(doubt: Doubt, name: string): Doubt {
  if (doubt.kind === 'assumed') return doubt;
  return unknown(`$${name}, which depends on ${doubt.reason}`, doubt.at);
}
