import type { ServiceIdentity } from '../../model/service.ts';
import { type Failure, isFailure } from './grammar/failure.ts';
import { type ParseRules, parseCommand } from './grammar/parse.ts';
import { isCommandWord, splitOptions } from './grammar/popt.ts';

interface FailureDescription {
  readonly message: string;
  readonly hint: string | undefined;
  /** The service that the line would add without its fault. */
  readonly service: ServiceIdentity | undefined;
}

/**
 * Describes a failure to a reader of the script: ipvsadm's message, and a hint how to correct it.
 */
export function describeFailure(
  failure: Failure,
  argv: readonly string[],
  word: string,
  rules: ParseRules,
): FailureDescription {
  const service = addedService(argv, rules);
  if (failure.message.startsWith('Try '))
    return { message: 'the line has no command', hint: 'the command must come first', service };
  return { message: failure.message.trimEnd(), hint: hintFor(failure.message, word), service };
}

function hintFor(message: string, word: string): string | undefined {
  if (message.includes('address[:port]')) {
    return /^[^0-9[]|:[^0-9:\]]*[g-z]/i.test(word)
      ? 'names are not looked up here: write the address and the port as numbers'
      : undefined;
  }
  if (message.includes('persistent mask') && /^\d+$/.test(word))
    return `write /${word} or a dotted mask: ipvsadm reads this as 0.0.0.${word}`;
  return undefined;
}

function addedService(argv: readonly string[], rules: ParseRules): ServiceIdentity | undefined {
  const tokens = splitOptions(argv).filter((token) => token.kind === 'option');
  if (tokens[0]?.option.long !== 'add-service') return undefined;
  const key = tokens.flatMap((token) => {
    if (isCommandWord(token.option)) return [];
    if (token.option.name === 'service-address')
      return [`--${token.option.long}`, token.value ?? ''];
    return token.option.long === 'ipv6' ? ['--ipv6'] : [];
  });
  const command = parseCommand(['--delete-service', ...key], rules);
  return !isFailure(command) &&
    command.kind === 'modify' &&
    command.operation.kind === 'delete-service'
    ? command.operation.service
    : undefined;
}
