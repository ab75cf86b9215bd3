import { describe, expect, it } from 'vitest';
import { formatSave } from '../../src/formats/ipvsadm/save.ts';
import { readShellScript } from '../../src/formats/shell/read-script.ts';

const SERVICE = '-t 192.0.2.1:80';

/** Reads a script in which `add N` adds the server 10.0.0.N, with a weight as second word. */
function read(script: string) {
  const text = `#!/bin/bash
ipvsadm -A ${SERVICE} -s rr
add() { ipvsadm -a ${SERVICE} -r "10.0.0.$1" -m -w \${2:-1}; }
${script}`;
  const { desired, issues } = readShellScript(text, { file: 'x.sh' });
  const servers =
    desired && Array.from(formatSave(desired).matchAll(/-r 10\.0\.0\.(\d+):80 -m -w (\d+)/g));
  return {
    servers: servers?.map(([, server, weight]) => `${server} ${weight}`).join(', '),
    messages: issues.map(({ message }) => message),
  };
}

const FILE = `cat > r <<EOF\n-a ${SERVICE} -r 10.0.0.1 -m\nEOF\n`;

/** Scripts with the servers and weights that bash and ipvsadm make of them. */
const SAME: Readonly<Record<string, readonly [string, string]>> = {
  'a last line without its end, which read counts as a failure': [
    `printf '1\\n2' | while read n; do add $n; done`,
    '1 1',
  ],
  'printf that sets a variable': [`printf -v N %d 7; add \${N:-9}`, '7 1'],
  'a loop that leaves out its first lines': [
    'while read -r n; do case $n in \\#*|"") continue;; esac; add $n; done <<X\n# a\n\n1\n2\nX',
    '1 1, 2 1',
  ],
  'a loop that only shifts the arguments': [
    'set -- -q 5; while [ $# -gt 0 ]; do case $1 in -q) ;; *) N=$1;; esac; shift; done; add $N',
    '5 1',
  ],
  'a loop whose condition counts': ['i=0; while (( i++ < 3 )); do :; done; add $i', '4 1'],
  'an option twice': [
    'set -- -v -v -w 7; while getopts vw: o; do case $o in v) D=1;; w) W=$OPTARG;; esac; done; add 1 $W',
    '1 7',
  ],
  'set -e and a negated command': ['set -e; ! true; add 1; ( ! true ); add 2', '1 1'],
  'set -e and a subshell that fails': ['set -e; add 1; (false); add 2', '1 1'],
  'set -e and a list within a compound command': [
    'set -e; if true; then [ 1 = 2 ] && true; fi; { [ 1 = 2 ] && true; }; add 1; f() { [ 1 = 2 ] && true; }; f; add 2',
    '1 1',
  ],
  'set -e in a substitution': ['set -e; x=$(false; echo 1); add $x', '1 1'],
  'a name in a comparison of numbers': [
    'n=7; [[ n -eq 7 ]] && add 1; [[ "" -eq 0 ]] && add 2',
    '1 1, 2 1',
  ],
  'an integer': ['declare -i n=4; add 1 $n', '1 4'],
  'values of export, which are those of before': ['export A=7 B=$A; [ "$B" ] || add 1', '1 1'],
  'local outside of a function': ['local A=3; [ "$A" ] || add 1', '1 1'],
  'a shell without variables that are not exported': [
    `N=9; bash -c 'ipvsadm -a ${SERVICE} -r 10.0.0.1 -m -w \${N:-3}'; export N; bash -c 'ipvsadm -a ${SERVICE} -r 10.0.0.2 -m -w \${N:-3}'; N=4 bash -c 'ipvsadm -a ${SERVICE} -r 10.0.0.3 -m -w $N'; bash -c 'exit 3'; add 4 $?`,
    '1 3, 2 9, 3 4, 4 3',
  ],
  'a shell that reads commands': [
    `echo "ipvsadm -a ${SERVICE} -r 10.0.0.1 -m" | sh; echo "ipvsadm -a ${SERVICE} -r 10.0.0.2 -m" > f; sh f; chmod +x f; rm -f g; ./f 2>/dev/null`,
    '1 1, 2 1',
  ],
  'a file by another spelling of its name': ['echo N=5 > lib; . ./lib; add $N', '5 1'],
  'functions that sudo and command pass over': [
    'ipvsadm() { N=7; sudo ipvsadm "$@"; }; add 1 3; unset -f ipvsadm; add $(printf -- %s 2) $N',
    '1 3, 2 7',
  ],
  'commands that are called like properties of objects': [
    'toString; constructor; __proto__=2; echo x | tr toString y; add 1 $__proto__',
    '1 2',
  ],
  'no command after set -n': ['add 1; set -n; add 2', '1 1'],
  'a trap in another spelling': ['trap "add 9" exit; trap "add 8" SIGEXIT; add 1', '1 1, 8 1'],
};

/** Scripts that are refused, because the simulated shell does not know their outcome. */
const REFUSED: Readonly<Record<string, readonly [string, string]>> = {
  'a file that sed changes': [
    `${FILE}sed -i s/-m/-g/ r\nipvsadm -R < r`,
    'a file that `sed` may have changed',
  ],
  'a file to which tee appends': [
    `${FILE}echo x | tee -a r\nipvsadm -R < r`,
    'a file that `tee` may have changed',
  ],
  'a file that mv replaces': [
    `${FILE}mv r2 r\nipvsadm -R < r`,
    'a file that `mv` may have changed',
  ],
  'a part of a line': ['read -n 1 a <<< 123; add $a', 'a part of a line'],
  'a backslash that read takes away': ["read a <<< '1\\2'; add $a", 'a part of a line'],
  'a format of printf that shells print differently': [
    "add $(printf '%.1s' 12)",
    'the output of `printf`',
  ],
  'an octal number for printf': ["add 1 $(printf '%d' 010)", 'the output of `printf`'],
  'an escape of echo': ["add $(echo -e '1\\c2')", 'the output of `echo -e`'],
  'a change of a readonly variable': [
    'readonly N=1; N=2; add $N',
    '$N, which is declared as readonly',
  ],
  'a sum of an integer': ['declare -i N=1; N+=3; add $N', '$N, which is declared as integer'],
  'a reference to a variable': [
    'declare -n R=N; N=1; add $R',
    'variables of the kind -n are not simulated',
  ],
  'several options in one word': [
    'set -- -vw 7; while getopts vw: o; do [ $o = w ] && W=$OPTARG; done; add 1 $W',
    'several options in one word, as -vw',
  ],
  'a pattern that is not simulated': [
    'case ab in @(ab|cd)) add 1;; *) add 2;; esac',
    'calls of ipvsadm depend on the pattern @(ab|cd)',
  ],
  'a chain of very many commands': [`true${' && true'.repeat(50_000)}`, 'too many parts'],
  'a calculation with very many numbers': [`echo $((1${'+1'.repeat(50_000)}))`, 'too many parts'],
  'an option that changes comparisons': [
    'shopt -s nocasematch; add 1',
    'the option nocasematch is not simulated',
  ],
  'a trap for failures that calls ipvsadm': [
    "trap 'ipvsadm -C' ERR; add 1",
    'the trap for ERR is taken to do nothing',
  ],
};

describe('a simulated script', () => {
  it.each(Object.entries(SAME))(
    'makes the table of the real shell with %s',
    (_, [script, servers]) => {
      expect(read(script).servers).toBe(servers);
    },
  );

  it.each(Object.entries(REFUSED))('is refused with %s', (_, [script, message]) => {
    const { servers, messages } = read(script);
    expect(servers).toBeUndefined();
    expect(messages.join('\n')).toContain(message);
  });
});

it('keeps the comment above a loop at the first entry of the loop', () => {
  const script = `ipvsadm -A ${SERVICE} -s rr
# the servers
for i in 1 2; do
  ipvsadm -a ${SERVICE} -r 10.0.0.$i -m
done
# the routes
for i in 1 2; do
  ip route add 10.0.$i.0/24 dev eth0
done
# the rules
for i in 1 2; do ip rule add from 10.0.$i.0/24; done
ipvsadm -a ${SERVICE} -r 10.0.0.9 -m
`;
  const { layout } = readShellScript(script, { file: 'x.sh' });
  const [service] = layout?.services.values() ?? [];
  const above = Array.from(service?.destinations.values() ?? [], (entry) => entry.above);
  expect(above.flat()).toEqual(['the servers']);
});
