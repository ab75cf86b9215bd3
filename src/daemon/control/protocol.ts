import { MAX_PAUSE_SECONDS, MAX_REASON_LENGTH } from '../../model/pause.ts';
import {
  countUpTo,
  isCount,
  isFlag,
  isText,
  isTextUpTo,
  listOf,
  nullable,
  objectOf,
  oneOf,
  optional,
  type Shape,
} from '../../model/shape.ts';
import { isOverrideRequest, type OverrideRequest } from '../../plan/overrides/override-request.ts';
import { EXIT } from '../../render/exit.ts';
import type { Json } from '../../render/json.ts';

/** A request over the control socket: one line of JSON, answered by one line of JSON. */
export type ControlRequest =
  | { readonly command: 'status' }
  | PageControl
  /** Reads the configuration and the table now. The answer comes after the pass. */
  | { readonly command: 'reload' }
  /** Asks for the states of the health checks. */
  | { readonly command: 'health' }
  /** Executes the plan that a guard holds back. Without `plan`: whatever that plan is. */
  | { readonly command: 'approve'; readonly plan?: string }
  | PauseControl
  /** Ends the pause. The answer comes after the pass that follows. */
  | { readonly command: 'resume'; readonly who: string }
  | OverrideControl;

/** Asks for the documents that the page shows. */
export interface PageControl {
  readonly command: 'page';
  /** Services whose destinations are wanted. Absent: the status, and all services without them. */
  readonly services?: readonly string[] | undefined;
}

/** The destinations of so many services are read at once. */
export const MAX_PAGE_SERVICES = 100;

const isPage = objectOf<PageControl>({
  command: oneOf(['page']),
  services: optional(
    (value): value is readonly string[] =>
      listOf(isText)(value) && value.length <= MAX_PAGE_SERVICES,
  ),
});

/** Replaces the pause of the daemon. The answer comes when nothing more is written. */
export interface PauseControl {
  readonly command: 'pause';
  readonly who: string;
  readonly reason: string | null;
  /** null: until an operator ends the pause. */
  readonly seconds: number | null;
  /** Services by address or name, with `*` for any characters. Empty: the whole table. */
  readonly only: readonly string[];
}

/** A pause lasts a second at least. */
const isPauseTime: Shape<number> = (value): value is number =>
  isCount(value) && value >= 1 && value <= MAX_PAUSE_SECONDS;

const isPause = objectOf<PauseControl>({
  command: oneOf(['pause']),
  who: isTextUpTo(MAX_REASON_LENGTH),
  reason: nullable(isTextUpTo(MAX_REASON_LENGTH)),
  seconds: nullable(isPauseTime),
  only: listOf(isText),
});

/** Changes overrides, and applies them at once. */
export interface OverrideControl {
  readonly command: 'override';
  readonly request: OverrideRequest;
  /** True when a service may end up without a usable destination. */
  readonly allowUnserved: boolean;
}

const isOverride = objectOf<OverrideControl>({
  command: oneOf(['override']),
  request: isOverrideRequest,
  allowUnserved: isFlag,
});

export type ControlAnswer =
  | {
      readonly ok: true;
      readonly exit_code: number;
      readonly message?: string;
      readonly status?: Json;
      /** The document that `-o json` prints. */
      readonly document?: Json;
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

/** Requests are shorter: a thousand destinations fit. A client that sends more is disconnected. */
export const MAX_REQUEST_LENGTH = 100_000;

/** Parses a request. Returns a message when it is none. */
export function parseRequest(line: string): ControlRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'not a line of JSON';
  }
  if (typeof value !== 'object' || value === null) return 'not an object';
  const { command, plan, who } = value as Readonly<Record<string, unknown>>;
  switch (command) {
    case 'status':
    case 'reload':
    case 'health':
      return { command };
    case 'approve':
      if (plan === undefined) return { command };
      return typeof plan === 'string' ? { command, plan } : 'plan is not a text';
    case 'page':
      return isPage(value) ? value : 'the services are no texts, or too many';
    case 'pause':
      return isPause(value) ? value : 'a part of the pause is missing or has another form';
    case 'resume':
      return isText(who) ? { command, who } : 'who is not a text';
    case 'override':
      return isOverride(value) ? value : 'a part of the override is missing or has another form';
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
  document: optional(isJson),
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
