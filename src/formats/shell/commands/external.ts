import { editDistance } from '../../../model/nearest.ts';
import { warnOnce } from '../branch.ts';
import { filePath, print, type Run } from '../run.ts';
import { assumed, isUnknown, type Status, unknown, unknownValue } from '../value.ts';
import type { Call } from './call.ts';

/** Programs whose status is their answer. */
const ANSWERS = new Set(
  'grep egrep fgrep zgrep pgrep pidof diff cmp ping ping6 curl wget nc nmap telnet fping arping'.split(
    ' ',
  ),
);

/** Programs that only show or look. They are not worth a warning. */
const SILENT = new Set(
  [
    'grep egrep fgrep sed awk gawk cut sort uniq head tail wc tr tee date hostname uname logger',
    'ls ps pgrep pidof lsmod netstat ss more less dmesg sync stty tput mktemp readlink find xargs',
    'success failure echo_success echo_failure passed warning log_daemon_msg log_end_msg',
    'log_success_msg log_failure_msg log_begin_msg log_warning_msg rc_status rc_reset rc_exit',
    'einfo ebegin eend ewarn eerror df du stat file dirname pwd history rpm dpkg locale',
  ]
    .join(' ')
    .split(' '),
);

/** Programs that print a part of what they read. Their output is as unknown as their input. */
const FILTERS = new Set('grep egrep fgrep sed awk gawk cut sort uniq head tail tr tee'.split(' '));

/** Programs that run the commands in their words on another machine, or in another way. */
const RUNNERS = new Set(
  'ssh xargs parallel watch su chroot nsenter docker podman kubectl screen tmux expect at batch pdsh'.split(
    ' ',
  ),
);

/** Runs a program of the machine: it does nothing, and is named at the end. */
export function runExternal(call: Call): Status {
  const { run, name, args } = call;
  const { at } = name;
  const base = name.text.split('/').at(-1) ?? '';
  if (isUnknown(name)) return runNameless(call);
  const isCalling = args.some(({ text }) => /(?:^|[\s/'"])ipvsadm(?:\s|$)/.test(text));
  if (RUNNERS.has(base) && isCalling) {
    run.reading.report(
      'IPVSADM_LINE',
      `\`${base}\` runs ipvsadm where this import cannot follow`,
      at,
      {
        hint: 'call ipvsadm directly in a copy of the script',
      },
    );
    return { code: 0 };
  }
  const isMisspelt = base !== 'ipvsadm' && editDistance(base, 'ipvsadm', 2) <= 2;
  if (isMisspelt && args.some(({ text }) => text.startsWith('-')))
    run.reading.report('IPVSADM_LINE', `\`${base}\` is not a program that is known`, at, {
      hint: 'did you mean "ipvsadm"?',
    });
  else if (!SILENT.has(base)) mention(run, base, at);
  if (loadsRules(call)) warnOnce(run, `\`${base}\` is taken to load no rules of its own`, at);
  const writes = args.some(({ text }) => /^-[a-zA-Z]*[io]|^--(?:in-place|output)/.test(text));
  if (!READERS.has(base) || (writes && WRITERS.has(base))) forgetFiles(run, base, args, at);
  const source = FILTERS.has(base) && run.stdin && isUnknown(run.stdin.value) && run.stdin.value;
  print(run, source || unknownValue(`the output of \`${base}\``, at));
  const doubt = ANSWERS.has(base)
    ? unknown(`the answer of \`${base}\``, at)
    : assumed(`\`${base}\` succeeds`, at);
  return { code: 0, doubt };
}

/** Programs that change none of the files in their words. */
const READERS = new Set(
  [
    'grep egrep fgrep awk gawk cut head tail wc sed sort date logger ls stat file diff cmp',
    'chmod chown less more ip ifconfig route iptables ping sysctl modprobe mkdir',
  ]
    .join(' ')
    .split(' '),
);

/** Readers that write with an option. */
const WRITERS = new Set(['sed', 'sort', 'awk', 'gawk']);

/** A program may have changed the files that its words name, and made others. */
function forgetFiles(run: Run, base: string, args: Call['args'], at: number): void {
  const makes = /^(?:cp|mv|ln|install|tee|dd)$/.test(base);
  const input = { value: unknownValue(`a file that \`${base}\` may have changed`, at) };
  for (const { text } of args) {
    const path = filePath(text.replace(/^(?:of=|--?[\w-]+=)/, ''));
    if (run.files.has(path) || (makes && !text.startsWith('-')))
      run.files.set(path, { kind: 'text', input });
  }
}

function mention({ session }: Run, base: string, at: number): void {
  session.mentions.push({ kind: `command \`${base}\``, at });
}

/** Tells whether a command may load rules of a file, such as `service ipvsadm restart`. */
function loadsRules({ name, args }: Call): boolean {
  const words = args.map(({ text }) => text);
  const isService = /(?:^|\/)(?:service|systemctl)$/.test(name.text)
    ? words.some((word) => /^ipvsadm(?:\.service)?$/.test(word))
    : /\/init\.d\/ipvsadm$/.test(name.text);
  return (
    isService && words.some((word) => /^(?:start|restart|reload|force-reload|--now)$/.test(word))
  );
}

/** A command whose name depends on something unknown. It may be ipvsadm. */
function runNameless({ run, name, args }: Call): Status {
  const [first] = args;
  const isCall = /^-[AaEeDdCRSZ]$|^--(?:add|edit|delete|clear|restore|set)/.test(first?.text ?? '');
  if (isCall) {
    run.isIncomplete = true;
    run.reading.report('IPVSADM_LINE', `the program is ${name.doubt?.reason}`, name.at, {
      hint: 'write `ipvsadm` in place of it in a copy of the script',
    });
  } else {
    run.session.mentions.push({ kind: 'command whose name is not known', at: name.at });
  }
  print(run, { text: '', doubt: name.doubt });
  return { code: 0, doubt: name.doubt };
}
