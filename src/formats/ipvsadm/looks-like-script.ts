import { withoutTypography } from '../typography.ts';
import { COMMANDS } from './grammar/commands.ts';
import { isProgram } from './script-line.ts';

const LONG_COMMANDS = new Set(COMMANDS.map((command) => `--${command.long}`));
const SHORT_COMMANDS = new Set(COMMANDS.flatMap((command) => command.shorts));

const CALL =
  /^(?:[^#\n]*[\s;&|(])?(?:[\w./-]*\/)?(?:ipvsadm|"?\$\{?IPVSADM\b[^\s"]*"?)[ \t]+[-\u2010-\u2014\u2212]/m;

/**
 * Tells whether a text is for `parseScript`: its first line that is not a comment calls ipvsadm, or
 * begins with a command of ipvsadm.
 */
export function looksLikeScript(text: string): boolean {
  const [first = '', second = ''] =
    /^[ \t\r]*[^#\s].*$/m
      .exec(text)?.[0]
      .trim()
      .split(/[ \t]+/) ?? [];
  const word = withoutTypography(first === 'sudo' ? second : first);
  if (isProgram(word) || LONG_COMMANDS.has(word.split('=', 1)[0] ?? '')) return true;
  return /^-[A-Za-z]/.test(word) && SHORT_COMMANDS.has(word.charAt(1));
}

/**
 * Tells whether a line of a script calls ipvsadm with an option, also through a variable, or with a
 * dash from a web page.
 */
export function callsIpvsadm(text: string): boolean {
  return CALL.test(text);
}
