import { COMMANDS, type CommandName, MATRIX } from './commands.ts';
import { type Failure, failure } from './failure.ts';
import type { OptionName } from './options.ts';

/** The order in which violations are looked for. */
const POSITIONS = Object.fromEntries(
  Object.keys(MATRIX).map((option, index) => [option, index]),
) as Readonly<Record<OptionName, number>>;

const REQUIRED = Object.fromEntries(
  COMMANDS.map(({ name }) => [
    name,
    (Object.keys(MATRIX) as OptionName[]).filter((option) => MATRIX[option][name] === 'required'),
  ]),
) as unknown as Readonly<Record<CommandName, readonly OptionName[]>>;

/** The first option, in the order of the matrix, that the command lacks or must not have. */
export function checkMatrix(
  command: CommandName,
  words: ReadonlyMap<OptionName, number>,
): Failure | undefined {
  return isAllowed(command, words) ? undefined : firstViolation(command, words);
}

/** Nearly every line of a large file is, and which violation would come first is more work to tell. */
function isAllowed(command: CommandName, words: ReadonlyMap<OptionName, number>): boolean {
  let exclusive = 0;
  for (const option of words.keys()) {
    const rule = MATRIX[option][command];
    if (rule === undefined || (rule === 'exclusive' && ++exclusive > 1)) return false;
  }
  return REQUIRED[command].every((option) => words.has(option));
}

function firstViolation(
  command: CommandName,
  words: ReadonlyMap<OptionName, number>,
): Failure | undefined {
  const options = [...words.keys()];
  for (const option of REQUIRED[command]) if (!words.has(option)) options.push(option);
  options.sort((a, b) => POSITIONS[a] - POSITIONS[b]);
  let exclusive: OptionName | undefined;
  for (const option of options) {
    const rule = MATRIX[option][command];
    const word = words.get(option);
    if (word === undefined)
      return failure(`You need to supply the '${option}' option for the '${command}' command`);
    if (rule === undefined)
      return failure(`Illegal '${option}' option with the '${command}' command`, word);
    if (rule !== 'exclusive') continue;
    if (exclusive)
      return failure(
        `The option '${option}' conflicts with the '${exclusive}' option in the '${command}' command`,
        word,
      );
    exclusive = option;
  }
  return undefined;
}

const NOT_TABLES: readonly OptionName[] = ['connection', 'timeout', 'daemon'];
const COUNTER_FORMATS: readonly OptionName[] = ['stats', 'rate', 'thresholds'];

/** Formats of `-L` that do not go together although the matrix allows each of them. */
export function checkListing(words: ReadonlyMap<OptionName, number>): Failure | undefined {
  const other = NOT_TABLES.find((name) => words.has(name));
  if (other === undefined) return undefined;
  const conflicting =
    other === 'connection' ? COUNTER_FORMATS : [...COUNTER_FORMATS, 'persistent-conn' as const];
  const second = conflicting.find((name) => words.has(name));
  return second === undefined
    ? undefined
    : failure('options conflicts in the list command', words.get(second));
}
