import { countUpTo, isText, objectOf, oneOf, optional, type Shape } from '../../model/shape.ts';
import type { Json } from '../../render/json.ts';

/** One line of JSON each way over the control socket. */
export type ControlRequest =
  | { readonly command: 'status' }
  /** Reads the files and the kernel now, and answers when that is done. */
  | { readonly command: 'reload' }
  /** Executes the plan that a guard stopped. `plan` undefined: whichever it is. */
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

/** A request is short; whoever sends more is not one of us. */
export const MAX_REQUEST_LENGTH = 10_000;

/** Reads a request, or says what is wrong with it. */
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
      return `no such command: ${JSON.stringify(command)}`;
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
