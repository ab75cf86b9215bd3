import { nearest } from '../../model/nearest.ts';
import type { NotCarried } from '../not-carried.ts';
import type { Report } from './report.ts';
import type { Statement, Word } from './tree.ts';

/** The surroundings that the readers of all statements share. */
export interface Context {
  readonly report: Report;
  readonly notCarried: NotCarried;
  /** The names of the definitions of all files. */
  readonly defined: readonly string[];
}

/** A reader of one statement, by the statement's keyword. */
export type Readers<Draft> = Readonly<
  Record<string, (draft: Draft, statement: Statement, context: Context) => void>
>;

/** The kinds under which statements without a counterpart are listed, by keyword. */
export interface Kinds {
  readonly [keyword: string]: {
    readonly kind: string;
    readonly hint?: string;
    /** True for a part of health checks: their reader lists it when it has no counterpart. */
    readonly isOfChecks?: true;
  };
}

/** Reads the statements of a block: each is read, listed as not carried over, or unknown. */
export function readBlock<Draft>(
  draft: Draft,
  { keyword: owner, block, position }: Statement,
  readers: Readers<Draft>,
  kinds: Kinds,
  context: Context,
): void {
  if (!block) {
    const hint = 'write "{" behind it, and "}" after its last statement';
    context.report('SYNTAX', `${owner} has no block`, position, { hint });
    return;
  }
  for (const statement of block.statements) {
    const { keyword } = statement;
    const read = Object.hasOwn(readers, keyword) ? readers[keyword] : undefined;
    const known = Object.hasOwn(kinds, keyword) ? kinds[keyword] : undefined;
    const swallowed = statement.block && findStatement(statement, readers);
    if (swallowed) {
      const message = `keepalived takes ${JSON.stringify(swallowed.text)} for a word of ${keyword}`;
      context.report('SYNTAX', message, swallowed.position, { hint: 'begin a line with it' });
    } else if (read) {
      if (areResolved(statement, context)) read(draft, statement, context);
    } else if (known) {
      if (!known.isOfChecks) context.notCarried.add(known.kind, statement.position, known.hint);
    } else {
      const names = [...Object.keys(readers), ...Object.keys(kinds)];
      reportUnknown(statement, `in the block of ${owner}`, names, context);
    }
  }
}

/** A word of a statement that should be a statement: a line has only one. */
function findStatement({ words }: Statement, readers: object): Word | undefined {
  return words.find(({ text }) => Object.hasOwn(readers, text));
}

/** Reports a statement that keepalived does not know. */
export function reportUnknown(
  { keyword, position }: Statement,
  where: string,
  names: readonly string[],
  { report, defined }: Context,
): void {
  if (isReference(keyword)) {
    reportReference({ text: keyword, position }, { report, defined });
    return;
  }
  const near = nearest(keyword, names);
  const hint =
    near.length > 0 ? `did you mean ${near.map((name) => `"${name}"`).join(' or ')}?` : undefined;
  const quoted = JSON.stringify(keyword);
  report('UNKNOWN_KEY', `keepalived knows no statement ${quoted} ${where}`, position, { hint });
}

/** Reports the words that refer to nothing. Returns false when there are some. */
export function areResolved(
  { words }: Statement,
  context: Pick<Context, 'report' | 'defined'>,
): boolean {
  const unresolved = words.filter(({ text }) => isReference(text));
  for (const word of unresolved) reportReference(word, context);
  return unresolved.length === 0;
}

const REFERENCE = /\$\{?([A-Za-z_]\w*)/;

function isReference(text: string): boolean {
  return REFERENCE.test(text);
}

function reportReference(
  { text, position }: Word,
  { report, defined }: Pick<Context, 'report' | 'defined'>,
): void {
  const [, name = ''] = REFERENCE.exec(text) ?? [];
  if (name === '_RANDOM') {
    report('REFERENCE', 'the value of $_RANDOM is another one each time', position, {
      hint: 'write the number',
    });
  } else if (name === '_INSTANCE') {
    report('REFERENCE', 'the value of $_INSTANCE is not known', position, {
      hint: 'name it as keepalived does: --config-id ID',
    });
  } else if (defined.includes(name)) {
    report('REFERENCE', `$${name} has no value here`, position, {
      hint: `define it above; in a word, write \${${name}}; several lines must end a line`,
    });
  } else {
    const near = nearest(name, defined);
    const hint =
      near.length > 0 ? `did you mean $${near.join(' or $')}?` : `define it above: $${name}=...`;
    report('REFERENCE', `$${name} is not defined`, position, { hint });
  }
}
