import { type CommandName, MATRIX } from './commands.ts';
import { type Failure, failure } from './failure.ts';
import type { OptionName } from './options.ts';

const ROWS = Object.entries(MATRIX) as readonly (readonly [OptionName, (typeof MATRIX)[OptionName]])[];

/** The first option, in the order of the matrix, that the command lacks or must not have. */
export function checkMatrix(command: CommandName, words: ReadonlyMap<OptionName, number>): Failure | undefined {
  let exclusive: OptionName | undefined;
  for (const [option, rules] of ROWS) {
    const rule = rules[command];
    const word = words.get(option);
    if (word === undefined) {
      if (rule === 'required') return failure(`You need to supply the '${option}' option for the '${command}' command`);
    } else if (rule === undefined) {
      return failure(`Illegal '${option}' option with the '${command}' command`, word);
    } else if (rule === 'exclusive') {
      if (exclusive) return failure(`The option '${option}' conflicts with the '${exclusive}' option in the '${command}' command`, word);
      exclusive = option;
    }
  }
  return undefined;
}

const NOT_TABLES: readonly OptionName[] = ['connection', 'timeout', 'daemon'];
const COUNTER_FORMATS: readonly OptionName[] = ['stats', 'rate', 'thresholds'];

/** Formats of `-L` that do not go together although the matrix allows each of them. */
export function checkListing(words: ReadonlyMap<OptionName, number>): Failure | undefined {
  const other = NOT_TABLES.find((name) => words.has(name));
  if (other === undefined) return undefined;
  const conflicting = other === 'connection' ? COUNTER_FORMATS : [...COUNTER_FORMATS, 'persistent-conn' as const];
  const second = conflicting.find((name) => words.has(name));
  return second === undefined ? undefined : failure('options conflicts in the list command', words.get(second));
}
