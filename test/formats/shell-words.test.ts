import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'unbash';
import { afterAll, describe, expect, it } from 'vitest';
import { NUMERIC_ONLY } from '../../src/formats/ipvsadm/grammar/names.ts';
import { startReading } from '../../src/formats/ipvsadm/script-calls.ts';
import { runScript } from '../../src/formats/shell/evaluator.ts';
import { startRun } from '../../src/formats/shell/read-script.ts';
import { joinValues, type Value } from '../../src/formats/shell/value.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipvstate-words-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ARGS = ['one', 'two words', '3'];

/** The output of a script in the simulated shell. */
function simulated(text: string): Value {
  const script = parse(text);
  const run = startRun(script, startReading(text, 'x.sh', NUMERIC_ONLY), text, 'x.sh', ARGS);
  const output: Value[] = [];
  run.stdout = output;
  runScript(run, script);
  return joinValues(output);
}

/** The output of a script in bash. */
function real(text: string): string {
  const env = { PATH: process.env.PATH ?? '', HOME: '/root' };
  try {
    return execFileSync('bash', ['-c', text, 'x.sh', ...ARGS], {
      ...{ encoding: 'utf8', cwd: folder, env, stdio: ['ignore', 'pipe', 'ignore'] },
    });
  } catch (error) {
    return (error as { stdout?: string }).stdout ?? '';
  }
}

const SNIPPETS: readonly string[] = [
  `p() { for a in "$@"; do echo "<$a>"; done; }; x="a b  c"; p $x "$x" $x"$x"`,
  `p() { for a in "$@"; do echo "<$a>"; done; }; p "$@"; p $@; p "$*"; p $*; p x"$@"y`,
  `p() { for a in "$@"; do echo "<$a>"; done; }; a=(1 "2 3" 4); p "\${a[@]}"; p \${a[@]}; p "\${a[*]}"; p "\${#a[@]}" "\${!a[@]}" "\${a[-1]}" "\${a[@]:1:2}"`,
  `p() { for a in "$@"; do echo "<$a>"; done; }; p ""; p "$none"; p $none; p "" $none x; set --; p "$@"; p "x$@"`,
  `IFS=:; x="a:b::c"; for i in $x; do echo "[$i]"; done`,
  `IFS=,; x="a,b,,c,"; set -- $x; echo $#; IFS=' '; echo "$*"`,
  `x=/usr/local/lib/file.tar.gz; echo \${x##*/} \${x%/*} \${x%%.*} \${x#*/} \${x%.gz} \${x/local/LOCAL} \${x//l/L} \${#x} \${x:5:5} \${x: -3} \${x^^} \${x/#\\/usr/U} \${x/%gz/GZ}`,
  `unset y; echo "\${y:-d}" "\${y-d}" "\${y:=s}" "$y" "\${y:+z}" "\${q+z}" "\${y:-$x}"`,
  `y=; echo "[\${y:-d}]" "[\${y-d}]" "[\${y:+z}]" "[\${y+z}]"`,
  `echo $((1+2*3)) $((7/2)) $((7%3)) $((2**10)) $((1<<4)) $((5>3)) $((!0)) $((3&&0)) $((010)) $((0x1f)) $((-7/2))`,
  `i=5; echo $((i++)) $i $((++i)) $((i+=2)) $((i*2)); ((i=i-1)); echo $i; let i=i+3; echo $i; let "i*=2"; echo $i`,
  `for ((i=0;i<5;i++)); do [ $i -eq 3 ] && continue; [ $i -eq 4 ] && break; echo $i; done`,
  `for i in {1..3} {a..c} {01..03} {5..1..2} a{b,c{d,e}}f; do echo -n "$i "; done; echo`,
  `case abc in a*) echo one;; esac; case abc in x|abc) echo two;; esac; case "a*" in a\\*) echo three;; esac; case x in [!a-m]) echo four;; esac`,
  `case b in a) echo a;; b) echo b;& c) echo c;; d) echo d;; esac; case b in b) echo 1;;& [a-z]) echo 2;; *) echo 3;; esac`,
  `f() { local x=1; echo $x; return 3; }; x=0; f; echo $? $x; f2() { x=9; }; f2; echo $x`,
  `f() { echo "$# $1 $2"; shift; echo "$# $1"; }; f a "b c" d; echo $#`,
  `(x=5; echo $x; exit 3); echo $? $x`,
  `x=$(echo hi; echo there); echo "$x"; echo $x; y=\`echo \\\`echo nested\\\`\`; echo $y`,
  `echo a | while read l; do echo "got $l"; done; printf 'a 1\\nb 2\\n' | while read k v; do echo "$k=$v"; done`,
  `while read a b; do echo "$b-$a"; done <<EOF
1 2 3
  x   y
EOF`,
  `cat <<'EOF'
$x \`y\`
EOF
x=5; cat <<EOF
$x $((x+1)) \`echo z\` \\$x
EOF`,
  `cat <<-EOF
	tab
		two
	EOF`,
  `true && echo t || echo f; false && echo t || echo f; ! true || echo neg; true || false && echo both`,
  `if false; then echo a; elif true; then echo b; else echo c; fi; until true; do echo; done; while false; do :; done; echo $?`,
  `set -e; false || true; if false; then :; fi; echo ok; false; echo no`,
  `set -e; f() { false; echo in; }; f || echo handled; f; echo no`,
  `echo -e "a\\tb\\nc"; echo -n x; echo; echo "a\\tb"; printf '%s-%s\\n' a b c d; printf '%03d|%5s|%-5s|\\n' 7 ab cd`,
  `[ -z "" ] && echo z; [ -n "" ] || echo n; [ a = a -a b != c ] && echo and; [ a = b -o 1 -lt 2 ] && echo or; [ ! a = b ] && echo not; [ "x" ] && echo x; [ ] || echo empty`,
  `[[ abc == a* ]] && echo m; [[ abc == "a*" ]] || echo lit; [[ -z $none && 1 -lt 2 ]] && echo both; [[ ! ( a == b || c == d ) ]] && echo grp`,
  `declare -A m=([a]=1 [b c]=2); m[d]=3; echo \${m[a]} "\${m[b c]}" \${#m[@]}; k=d; echo \${m[$k]}`,
  `a=(1 2); a+=(3 4); a[6]=x; echo \${a[@]} \${#a[@]} \${!a[@]}; unset a[0]; echo \${a[@]}`,
  `n=v; v=val; echo \${!n}; arr=(p q); r='arr[1]'; echo \${!r}`,
  `x=5; x+=6; echo $x; a=b c=d; echo $a$c; A=1 eval 'echo $A'; echo "[$A]"`,
  `echo "a:b:c" | cut -d: -f2; echo a:b:c | cut -d: -f1,3; echo abcdef | cut -c2-4; echo "x  y z" | awk '{print $2}'; echo a:b | awk -F: '{print $2"-"$1}'`,
  `echo abc | tr a-c A-C; echo a,b,c | tr ',' ' '; echo "a b" | tr -d ' '; seq 3; seq 2 4; seq 1 2 7; seq -s, 3`,
  `basename /a/b/c.sh; basename /a/b/c.sh .sh; dirname /a/b/c; dirname c; expr 3 + 4; expr 7 / 2; expr 2 '*' 3`,
  `echo "$0" $# "$1"; set -- x y; echo $1 $#; shift; echo $1`,
  `for a; do echo "[$a]"; done`,
  `OPTIND=1; set -- -a 1 -b -c2 rest; while getopts "a:bc:" o; do echo "$o $OPTARG"; done; shift $((OPTIND-1)); echo $1`,
  `x='a  b'; echo $x; echo "$x"; y=$x; echo "$y"; echo \${x}s "\${x}"s`,
  `x=*; echo "$x"; y='[a]'; echo "$y"; echo [2001:db8::1]:80`,
  `f() { for i in 1 2; do for j in 1 2; do [ $j = 2 ] && continue 2; [ $i = 2 ] && break 2; echo $i$j; done; done; }; f`,
  `echo one > f1; echo two >> f1; cat f1; cat < f1; x=$(< f1); echo "$x"; rm f1; [ -f f1 ] || echo gone`,
  `x=1; { x=2; echo $x; }; ( x=3 ); echo $x; x=4 | cat; echo $x`,
  `set -- "a b" c; for i in "$@"; do echo "$i"; done; n=$#; echo $n; eval last=\\$$#; echo $last`,
  `x="1 2 3"; for i in $x; do y="$y,$i"; done; echo \${y#,}; z=\${x// /-}; echo $z; w=(\${x}); echo \${w[1]}`,
  `echo a"b"'c'$'d\\n'e; echo "it's"; echo 'say "hi"'; echo \\$x \\\\ \\"`,
  `IP=10.0.0.9; echo \${IP%.*}.$((\${IP##*.}+1)); N=08; echo \${N#0}; echo "\${IP//./ }"; read a b c d <<< "\${IP//./ }"; echo $d`,
  `i=0; while :; do i=$((i+1)); if [ $i -gt 3 ]; then break; fi; done; echo $i; until [ $i -eq 0 ]; do ((i--)); done; echo $i`,
  `x=abc; case $x in a|b) echo no;; ?bc) echo yes;; esac; y="a b"; case $y in "a b") echo sp;; esac`,
  `f() { return; }; false; f; echo $?; g() { (exit 4); }; g; echo $?; x=$(exit 5); echo $?; y=1; echo $?`,
  `echo {a,b}{1,2} pre{x,y}post {single} {1..3}.{a,b}`,
  `A=(x y z); for i in \${!A[@]}; do echo $i=\${A[$i]}; done; echo \${A[$((1+1))]} \${A[i-1]}; i=1; echo \${A[i]}`,
  `set -o pipefail; false | true; echo $?; set +o pipefail; false | true; echo $?`,
  `x=; [ $x ] && echo set || echo unset; [ "$x" = "" ] && echo e; [ $# -ge 2 ] && echo args; test 3 -gt 2 && echo gt`,
  `mapfile -t L <<< $'a b\\nc'; echo \${#L[@]} "\${L[0]}"; IFS=, read -r a b <<< "1,2"; echo $b; IFS='|' read -ra P <<< "x|y|z"; echo \${P[2]}`,
  `v="a.b.c"; IFS=. read x y z <<EOF
$v
EOF
echo $y; OLD=$IFS; IFS=.; set -- $v; IFS=$OLD; echo $3`,
  `function f { echo "\${FUNCNAME:-}" >/dev/null; local a b=2; a=1; echo $a$b; }; f; echo "[$a]"`,
  `x=10; (( x > 5 )) && echo big; (( x == 10 )) && echo ten; if (( x % 2 == 0 )); then echo even; fi; echo $(( x > 5 ? 1 : 2 ))`,
  `p() { for a in "$@"; do echo "<$a>"; done; }; p [""2001:db8::1]:80 [2""001:db8::1]:80 \${U:-[2001:db8::1]:80} $(echo [2001:db8::1]:80) \`printf %s [2001:db8::1]:80\``,
  `p() { for a in "$@"; do echo "<$a>"; done; }; p "$(cat <<< '[2001:db8::1]:80')" -"" "-"M a\\
 b`,
  `x=2001:db8::1; echo [$x]:80 "[$x]":80 ["$x"]:80 [\${x}]:443; case b in [$x]) echo no;; [a"b"]) echo yes;; esac`,
  `p() { for a in "$@"; do echo "<$a>"; done; }; x="a b"; p [$x] "[$x]" y[$x]z`,
];

describe('the simulated shell', () => {
  it.each(SNIPPETS)('prints the text that bash prints for %j', (text) => {
    const { text: printed, doubt } = simulated(text);
    expect({ printed, doubt }).toEqual({ printed: real(text), doubt: undefined });
  });
});
