import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { printable } from '../model/printable.ts';

/** The person or program that called this process, for records and messages. */
export interface Caller {
  readonly uid: number;
  /** The name of the uid; absent when the machine knows none. */
  readonly user?: string | undefined;
  /** The user who called sudo, as the environment says. */
  readonly sudo_user?: string | undefined;
  /** The command line. Credentials in URLs are hidden, and long parts are cut. */
  readonly command: readonly string[];
}

const MAX_WORDS = 64;
const MAX_WORD_LENGTH = 256;
const MAX_NAME_LENGTH = 64;

/** The caller of this process. `argv` begins with the path of the program. */
export function systemCaller(
  { SUDO_USER: sudoUser }: NodeJS.ProcessEnv,
  argv: readonly string[],
): Caller {
  const user = userName();
  return {
    uid: process.geteuid?.() ?? 0,
    ...(user === undefined ? {} : { user }),
    ...(sudoUser ? { sudo_user: cut(sudoUser, MAX_NAME_LENGTH) } : {}),
    command: commandLine(argv),
  };
}

/** The name of a caller in one word: who called sudo, else the user, else the uid. */
export function callerName({ sudo_user: sudoUser, user, uid }: Omit<Caller, 'command'>): string {
  // Escapes take more characters than what they stand for.
  return cut(printable(sudoUser ?? user ?? `uid ${uid}`), MAX_NAME_LENGTH);
}

function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A container can run as a uid that no file names.
    return undefined;
  }
}

function commandLine([program = '', ...words]: readonly string[]): string[] {
  const shown = words.slice(0, MAX_WORDS).map((word) => cut(withoutCredentials(word)));
  const more = words.length - shown.length;
  return [basename(program), ...shown, ...(more > 0 ? [`(and ${more} more)`] : [])];
}

/** Hides the user and the password of a URL. */
function withoutCredentials(word: string): string {
  return word.replaceAll(/(:\/\/)[^/?#\s]*@/g, '$1***@');
}

function cut(text: string, length = MAX_WORD_LENGTH): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
