import { printable } from '../model/printable.ts';

/** The user of a process, as `os.userInfo` returns it. It throws for a user without a name. */
type UserInfo = () => { readonly username: string };

/** Longest name that is kept. Linux has no longer ones. */
const LONGEST_NAME = 64;

/**
 * Names the person who runs a command, for records and messages: the one who called sudo, else the
 * user by name or number. Nothing is allowed or refused by it.
 */
export function operatorName(
  env: NodeJS.ProcessEnv,
  userInfo: UserInfo,
  uid = process.getuid?.() ?? 0,
): string {
  const name = env.SUDO_USER?.trim() || userName(userInfo) || `uid ${uid}`;
  return printable(name).slice(0, LONGEST_NAME);
}

function userName(userInfo: UserInfo): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
