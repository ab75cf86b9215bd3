import type { Field } from '../value.ts';

/** Words of a command that runs another one, by its name. */
interface Wrapper {
  /** Options that take the next word. */
  readonly takesWord: RegExp;
  /** Words between the options and the command. */
  readonly words: number;
}

const plain: Wrapper = { takesWord: /^$/, words: 0 };

const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  sudo: { takesWord: /^-(?:[ugpCThrtD]|-(?:user|group|host))$/, words: 0 },
  doas: { takesWord: /^-[uC]$/, words: 0 },
  env: { takesWord: /^-(?:u|C|S)$/, words: 0 },
  nohup: plain,
  nice: { takesWord: /^-n$/, words: 0 },
  ionice: { takesWord: /^-[cn]$/, words: 0 },
  setsid: plain,
  exec: { takesWord: /^-a$/, words: 0 },
  command: plain,
  builtin: plain,
  time: plain,
  timeout: { takesWord: /^-[ks]$/, words: 1 },
  flock: { takesWord: /^-[wE]$/, words: 1 },
  action: { takesWord: /^$/, words: 1 },
  daemon: { takesWord: /^$/, words: 0 },
  busybox: plain,
};

/** The command within another one. undefined when there is none. */
export function unwrap(words: readonly Field[]): readonly Field[] | undefined {
  const [name, ...args] = words;
  const program = name?.text.split('/').at(-1) ?? '';
  const wrapper = Object.hasOwn(WRAPPERS, program) ? WRAPPERS[program] : undefined;
  if (!wrapper || !name || name.doubt) return undefined;
  let at = 0;
  for (; at < args.length; at++) {
    const { text = '' } = args[at] ?? {};
    if (wrapper.takesWord.test(text)) at++;
    else if (text === '--') {
      at++;
      break;
    } else if (!text.startsWith('-') && !/^[A-Za-z_]\w*=/.test(text)) break;
  }
  const inner = args.slice(at + wrapper.words);
  return inner.length > 0 ? inner : undefined;
}

/** `ip netns exec NAME COMMAND` and `ip -n NAME netns exec ...`: the namespace and the command. */
export function inNamespace(
  words: readonly Field[],
): { readonly name: Field; readonly inner: readonly Field[] } | undefined {
  const [program, netns, exec, name, ...inner] = words;
  const isProgram = program?.text.split('/').at(-1) === 'ip';
  if (!isProgram || netns?.text !== 'netns' || exec?.text !== 'exec' || !name) return undefined;
  return inner.length > 0 ? { name, inner } : undefined;
}
