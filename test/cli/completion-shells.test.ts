import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROGRAM } from '../support/program.ts';
import { type Workspace, workspace } from './workspace.ts';

/** A file whose names and addresses mean something to shells. */
const CONFIG = `version: 1
services:
  - name: shop
    address: tcp://192.0.2.10:443
    destinations: [10.1.0.11]
  - name: "my shop"
    address: udp://[2001:db8::1]:53
    destinations: ["[2001:db8::2]"]
  - name: "x$(touch pwned);\`touch pwned\`"
    address: fwmark:100
    destinations: [10.1.0.14]
`;

/**
 * Stands for the program: prints its words in brackets, except to complete. Completion has no time
 * limit here, because the machine may be slow.
 */
const PROGRAMS = {
  ipvstate: `case $1 in
complete|completion) exec '${process.execPath}' '${PROGRAM}' "$@" ;;
*) printf '[%s]' "$@"; echo ;;
esac`,
  timeout: 'shift; exec "$@"',
};

/** A shell that lines are typed into. */
interface Shell {
  readonly name: 'bash' | 'zsh' | 'fish';
  /** Runs lines in which \t is the tab key. Returns the words that the program got for each. */
  readonly type: (lines: readonly string[], space: Workspace) => readonly string[];
}

function environment({ folder }: Workspace): NodeJS.ProcessEnv {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const [name, text] of Object.entries(PROGRAMS)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const PATH = `${bin}${delimiter}${process.env.PATH}`;
  return { PATH, HOME: folder, ZDOTDIR: folder, TERM: 'dumb', LANG: 'C.UTF-8', COLUMNS: '500' };
}

/** Runs a shell with a text as what is typed. Returns what it prints. */
function run(program: string, args: readonly string[], input: string, space: Workspace): string {
  const options = { cwd: space.folder, env: environment(space), input, encoding: 'utf8' } as const;
  const { stdout, stderr, error } = spawnSync(program, args, options);
  expect(error).toBeUndefined();
  return `${stdout}${stderr}`;
}

/** The lines that the program printed about its words. */
function wordsIn(output: string): string[] {
  return output.split(/\r?\n/).filter((line) => /^\[.*\]$/.test(line));
}

const BASH: Shell = {
  name: 'bash',
  type: (lines, space) => {
    space.write('.bashrc', 'bind "set bell-style none"\nsource <(ipvstate completion bash)\n');
    const typed = [...lines, 'exit\n'].join('\n');
    return wordsIn(run('bash', ['--rcfile', '.bashrc', '-i'], typed, space));
  },
};

const ZSH: Shell = {
  name: 'zsh',
  type: (lines, space) => {
    const setUp = ['autoload -Uz compinit', 'compinit -u -D', 'source <(ipvstate completion zsh)'];
    space.write('.zshrc', [...setUp, 'unsetopt beep', "bindkey '^I' complete-word\n"].join('\n'));
    const typed = [...lines, 'exit\n'].join('\n');
    return wordsIn(run('script', ['-qec', 'zsh -i', '/dev/null'], typed, space));
  },
};

/** Fish can tell the candidates without a terminal. The test takes the only one. */
const FISH: Shell = {
  name: 'fish',
  type: (lines, space) => {
    space.write('set-up.fish', run('ipvstate', ['completion', 'fish'], '', space));
    const fish = (script: string) => run('fish', ['--no-config', '-c', script], '', space);
    const scripts = lines.map((line) => {
      const parts = line.split('\t');
      const typed = parts.slice(0, -1).reduce((before, part) => {
        const text = before + part;
        const candidates = fish(`source set-up.fish; complete -C ${quote(text)}`);
        expect(candidates).toMatch(/^[^\n]+\n$/);
        const [candidate = ''] = candidates.trimEnd().split('\t');
        return `${text.slice(0, text.lastIndexOf(' ') + 1)}${quote(candidate)} `;
      }, '');
      return typed + parts.at(-1);
    });
    return wordsIn(fish(scripts.join('\n')));
  },
};

function quote(text: string): string {
  return /^[\w@%+=:,./[\]-]*$/.test(text) ? text : `'${text.replaceAll("'", "\\'")}'`;
}

function isInstalled(name: string): boolean {
  return spawnSync(name, ['--version']).error === undefined;
}

describe.each([BASH, ZSH, FISH])('in $name', ({ name, type }) => {
  const missing = [name, ...(name === 'zsh' ? ['script'] : [])].filter(
    (each) => !isInstalled(each),
  );
  const note = missing.length === 0 ? '' : ` (skipped: ${missing.join(' and ')} is not installed)`;
  const test = it.skipIf(missing.length > 0);

  test(`completes verbs, options, choices, files, services and ipvsadm${note}`, () => {
    const typed = {
      'ipvstate val\t': '[validate]',
      'ipvstate plan --det\t': '[plan][--detailed-exitcode]',
      'ipvstate plan -o js\t': '[plan][-o][json]',
      'ipvstate plan -f sh\t': '[plan][-f][shop.yaml]',
      'ipvstate plan --file=sh\t': '[plan][--file=shop.yaml]',
      'ipvstate ipvsadm -A --schedul\t': '[ipvsadm][-A][--scheduler]',
      'ipvstate val\t-f shop.yaml --stri\t': '[validate][-f][shop.yaml][--strict]',
      [`${ONLY} sh\t`]: `${GIVEN}[--only][shop]`,
      [`${ONLY} my\t`]: `${GIVEN}[--only][my shop]`,
      [`${ONLY} fw\t`]: `${GIVEN}[--only][fwmark:100]`,
      [`${ONLY} tcp:\t`]: `${GIVEN}[--only][tcp://192.0.2.10:443]`,
      [`${ONLY}=tcp://1\t`]: `${GIVEN}[--only=tcp://192.0.2.10:443]`,
      [`${ONLY} udp\t`]: `${GIVEN}[--only][udp://[2001:db8::1]:53]`,
    };
    expect(type(Object.keys(typed), workspace({ 'shop.yaml': CONFIG }))).toEqual(
      Object.values(typed),
    );
  });

  test(`executes no text of a file${note}`, () => {
    const space = workspace({ 'shop.yaml': CONFIG });
    const name = 'x$(touch pwned);`touch pwned`';
    expect(type([`${ONLY} x\t`], space)).toEqual([`${GIVEN}[--only][${name}]`]);
    expect(() => space.read('pwned')).toThrow('ENOENT');
  });
});

/** The beginning of lines that name a service, and the words of it. */
const ONLY = 'ipvstate plan -f shop.yaml --only';
const GIVEN = '[plan][-f][shop.yaml]';

describe('the script', () => {
  it.each(['bash', 'zsh', 'fish'])('for %s waits two seconds at most', (shell) => {
    const script = run('ipvstate', ['completion', shell], '', workspace());
    expect(script).toMatch(/timeout 2 \S+ complete --/);
  });

  it('for bash may be read twice, and answers with nothing without the program', () => {
    const space = workspace();
    const script = [
      'source c.bash; source c.bash; PATH=',
      'COMP_LINE="ipvstate p" COMP_POINT=10 COMP_CWORD=1 COMP_WORDS=(ipvstate p)',
      '_ipvstate ipvstate p ipvstate; declare -p COMPREPLY',
    ].join('\n');
    space.write('c.bash', run('ipvstate', ['completion', 'bash'], '', space));
    expect(run('bash', ['--norc', '-c', script], '', space)).toBe('declare -a COMPREPLY=()\n');
  });
});
