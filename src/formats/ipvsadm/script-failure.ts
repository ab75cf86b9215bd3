import type { ServiceIdentity } from '../../model/service.ts';
import { type Failure, isFailure } from './grammar/failure.ts';
import { parseHostPort } from './grammar/host-port.ts';
import { NUMERIC_ONLY } from './grammar/names.ts';
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
  const port = namedPort(failure.message, word);
  if (port !== undefined) {
    const hint = 'write the port as a number';
    return { message: `no port is called "${port}"`, hint, service };
  }
  return { message: failure.message.trimEnd(), hint: hintFor(failure.message, word), service };
}

/** The name of a port after an address that can be read. */
function namedPort(message: string, word: string): string | undefined {
  if (!message.includes('address[:port]')) return undefined;
  const [, host = '', port] = /^(.*):([a-z][\w-]*)$/i.exec(word) ?? [];
  return parseHostPort(`${host}:0`, 'tcp', NUMERIC_ONLY) && port;
}

function hintFor(message: string, word: string): string | undefined {
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
