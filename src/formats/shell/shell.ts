import { withFileNames } from '../file-names.ts';
import type { Format } from '../format.ts';
import { callsIpvsadm } from '../ipvsadm/looks-like-script.ts';

/** Lines that only a shell can read: control words, assignments, and calls of other programs. */
const SHELL_LINE = new RegExp(
  [
    String.raw`^[ \t]*(?:`,
    String.raw`(?:if|while|until|case|for|select)[ \t]`,
    String.raw`|(?:then|do|done|fi|esac|else)\b`,
    String.raw`|function[ \t]+\w|\w[\w-]*[ \t]*\(\)`,
    String.raw`|(?:export[ \t]+|local[ \t]+|readonly[ \t]+)?[A-Za-z_]\w*(?:\[\w+\])?\+?=`,
    String.raw`|(?:sudo[ \t]+)?(?:\.|source|set|echo|exit|sysctl|modprobe|ifconfig|iptables|ip|route|service)[ \t]`,
    String.raw`|(?:systemctl|printf|test|cat|sleep|trap|eval|exec|cd|yum|apt-get|apt)[ \t]`,
    String.raw`|\/(?:usr\/)?s?bin\/(?!ipvsadm)|\[{1,2}[ \t]`,
    ')',
  ].join(''),
  'm',
);

/** A call of ipvsadm with a part that a shell replaces, redirects, or chains. */
const SHELL_CALL =
  /^(?:[^#\n'"]*[\s;&|(])?(?:[\w./-]*\/)?(?:ipvsadm(?:-restore|-save)?|"?\$\{?\w*IPVSADM\b[^\s"]*"?)(?:[^#\n]{0,500}(?:[$`|;<>]|&&)|[ \t]*&)/im;

/** A text in which nothing is called ipvsadm has no call of it. Saved tables have none. */
const MENTIONS_IPVSADM = /ipvsadm/i;

/** The first line of a script for a shell. */
export const BEGINS_SCRIPT = /^\ufeff?#![^\n]*\b(?:ba|da|k|z)?sh\b/;
/** A variable that is ipvsadm. */
const NAMES_IPVSADM = /^[ \t]*\w+=["']?[\w./-]*ipvsadm["']?[ \t\r]*$/m;

/** A call in a text that a script prints, or gives to another shell. */
const QUOTED_CALL = /["'`](?:[\w./-]*\/)?ipvsadm[ \t]+-/;

/** A prompt that was copied with a call. */
const PROMPTED =
  /^[ \t]*(?:\[\w[\w-]*@[^\]\n]*\][#$]|\w[\w-]*@[\w.-]+:[^\s#$]*[#$]|\$)[ \t]*(?:sudo[ \t]+)?(?:[\w./-]*\/)?ipvsadm\b/m;

const RESTORES = /^(?:[^#\n]*[\s;&|(])?(?:[\w./-]*\/)?ipvsadm-restore\b/m;

/** Shell scripts that call ipvsadm. Plain lines of ipvsadm are save text. */
export const SHELL: Format & { readonly translatedFrom: string } = {
  name: 'shell',
  recognise: (text) =>
    (BEGINS_SCRIPT.test(text) && (SHELL_LINE.test(text) || !callsIpvsadm(text))) ||
    (MENTIONS_IPVSADM.test(text) &&
      (SHELL_CALL.test(text) ||
        PROMPTED.test(text) ||
        (SHELL_LINE.test(text) &&
          (callsIpvsadm(text) ||
            [RESTORES, NAMES_IPVSADM, QUOTED_CALL].some((part) => part.test(text)))))),
  parse: async (text, fileName, { args, readPortNames } = {}) => {
    const { readShellScript } = await import('./read-script.ts');
    return withFileNames(
      (names) => readShellScript(text, { file: fileName, args, names }),
      readPortNames,
    );
  },
  translatedFrom: 'a shell script',
  takesArguments: true,
  // A shell does not look at letters, wherever they are.
  freeText: /^/,
};
