import { countUpTo, isText, objectOf, oneOf, optional, type Shape } from '../../model/shape.ts';
import { EXIT } from '../../render/exit.ts';
import type { Json } from '../../render/json.ts';

/** A request over the control socket: one line of JSON, answered by one line of JSON. */
export type ControlRequest =
  | { readonly command: 'status' }
  /** Reads the configuration and the table now. The answer comes after the pass. */
  | { readonly command: 'reload' }
  /** Executes the plan that a guard holds back. Without `plan`: whatever that plan is. */
  | { readonly command: 'approve'; readonly plan?: string };

export type ControlAnswer =
  | {
      readonly ok: true;
      readonly exit_code: number;
      readonly message?: string;
      readonly status?: Json;
    }
  | {
      readonly ok: false;
      readonly exit_code: number;
      readonly message: string;
      readonly hint?: string;
    };

/** Begins the answer to a command that a daemon of an earlier version does not know. */
const UNKNOWN_COMMAND = 'no such command: ';

/** Tells whether the daemon does not know the command of the request. */
export function isUnknownCommand({ exit_code, message = '' }: ControlAnswer): boolean {
  return exit_code === EXIT.usage && message.startsWith(UNKNOWN_COMMAND);
}

/** Requests are shorter. A client that sends more is disconnected. */
export const MAX_REQUEST_LENGTH = 10_000;

/** Parses a request. Returns a message when it is none. */
export function parseRequest(line: string): ControlRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'not a line of JSON';
  }
  if (typeof value !== 'object' || value === null) return 'not an object';
  const { command, plan } = value as { readonly command?: unknown; readonly plan?: unknown };
  switch (command) {
    case 'status':
    case 'reload':
      return { command };
    case 'approve':
      if (plan === undefined) return { command };
      return typeof plan === 'string' ? { command, plan } : 'plan is not a text';
    default:
      return `${UNKNOWN_COMMAND}${JSON.stringify(command)}`;
  }
}

/** Exit codes are bytes. */
const isExitCode = countUpTo(255);

/** JSON has no other values than `Json`. */
const isJson: Shape<Json> = (value): value is Json => value !== undefined;

const isGood = objectOf<Extract<ControlAnswer, { ok: true }>>({
  ok: oneOf([true]),
  exit_code: isExitCode,
  message: optional(isText),
  status: optional(isJson),
});

const isBad = objectOf<Extract<ControlAnswer, { ok: false }>>({
  ok: oneOf([false]),
  exit_code: isExitCode,
  message: isText,
  hint: optional(isText),
});

/** Reads an answer. Returns undefined for one that this version does not know. */
export function parseAnswer(line: string): ControlAnswer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isGood(value) || isBad(value) ? value : undefined;
}
