import { describe, expect, it, test } from 'vitest';
import { formatSave } from '../../src/formats/ipvsadm/save.ts';
import { readShellScript } from '../../src/formats/shell/read-script.ts';
import { SERVER, WAYS, WEB } from '../support/shell-scripts.ts';

const read = (text: string, args: readonly string[] = []) =>
  readShellScript(text, { file: 'lvs.sh', args });

/** The issues as "line:column CODE message", and the table as `ipvsadm -Sn` prints it. */
function outcome(text: string, args?: readonly string[]) {
  const { desired, issues } = read(text, args);
  return {
    issues: issues.map(
      ({ code, message, position: { line, column } }) => `${line}:${column} ${code} ${message}`,
    ),
    save: desired && formatSave(desired).trimEnd().split('\n'),
  };
}

/** The lines of the table that a script makes without an issue. */
function table(text: string, args?: readonly string[]): readonly string[] {
  const { issues, save } = outcome(text, args);
  expect(issues).toEqual([]);
  return save ?? [];
}

describe('a shell script', () => {
  it.each(Object.entries(WAYS))('adds a service and a server with %s', (_, text) => {
    expect(table(text)).toEqual([WEB, SERVER]);
  });

  it('runs with its arguments, or with start', () => {
    const text = `case "$1" in\nstart) ipvsadm ${WEB} ;;\nweb) ipvsadm -A -f $2 -s rr ;;\nesac`;
    expect(outcome(text)).toEqual({
      issues: ['1:1 ASSUMED run with the argument "start"'],
      save: [WEB],
    });
    expect(table(text, ['web', '7'])).toEqual(['-A -f 7 -s rr']);
    expect(outcome(text, ['stop']).issues).toEqual([
      '1:1 EMPTY this run of the script adds no service, and does not clear the table',
    ]);
  });

  it('may have prompts that were copied, and says so', () => {
    const text = `[root@lvs ~]# V=192.0.2.1\nroot@lvs:~# ipvsadm -A -t $V:80 -s rr\n$ ipvsadm -a -t $V:80 -r 10.0.0.1 -m`;
    expect(outcome(text)).toEqual({
      issues: ['1:1 ASSUMED prompts before commands are left out'],
      save: [WEB, SERVER],
    });
  });

  it('calls itself', () => {
    const text = `case $1 in restart) $0 stop; $0 start;; start) ipvsadm ${WEB};; stop) ipvsadm -C;; esac`;
    expect(table(text, ['restart'])).toEqual([WEB]);
  });

  it('names each command that has no counterpart once, with its places', () => {
    const text = `ip addr add 192.0.2.1 dev eth0\necho 1 > /proc/sys/net/ipv4/ip_forward\nip route flush cache\nipvsadm ${WEB}\n/sbin/sysctl -p\n`;
    expect(outcome(text).issues).toEqual([
      '1:1 NOT_CARRIED not carried over: command `ip`, 2 times (also at line 3)',
      '2:8 NOT_CARRIED not carried over: write to /proc/sys',
      '5:1 NOT_CARRIED not carried over: command `sysctl`',
    ]);
  });
});

/** Scripts whose calls depend on something that only a machine knows, and their errors. */
const UNKNOWN: Readonly<Record<string, readonly [string, string]>> = {
  'the output of a program': [
    'V=$(hostname -i)\nipvsadm -A -t $V:80 -s rr',
    '2:15 IPVSADM_LINE a call of ipvsadm gets the output of `hostname`, which is not known',
  ],
  'a filtered output': [
    `V=$(ip addr show eth0 | grep inet | awk '{print $2}' | cut -d/ -f1)\nipvsadm -A -t \${V%%/*}:80`,
    '2:15 IPVSADM_LINE a call of ipvsadm gets the output of `ip`, which is not known',
  ],
  'the content of a file': [
    'ipvsadm -A -t $(cat /etc/vip):80 -s rr',
    '1:15 IPVSADM_LINE a call of ipvsadm gets the file /etc/vip, which is not known',
  ],
  'the rules of a file': [
    'V=1\nipvsadm-restore < /etc/ipvsadm.rules',
    '2:1 IPVSADM_LINE the rules come from the file /etc/ipvsadm.rules',
  ],
  'the answer of a person': [
    'read -p "VIP: " V\nipvsadm -A -t $V:80 -s rr',
    '2:15 IPVSADM_LINE a call of ipvsadm gets the input from a terminal, which is not known',
  ],
  'a file of variables': [
    '. /etc/lvs.conf\nipvsadm -A -t $V:80 -s rr',
    '2:15 IPVSADM_LINE a call of ipvsadm gets $V, which only /etc/lvs.conf may set, which is not known',
  ],
  'a variable that is not set': ['ipvsadm -A -t $V:80 -s rr', '1:15 IPVSADM_LINE V is not set'],
  'the answer of a program': [
    'if curl -s http://10.0.0.1; then\n  ipvsadm -A -f 1 -s rr\nfi',
    '1:4 IPVSADM_LINE calls of ipvsadm depend on the answer of `curl`',
  ],
  'a comparison of an output': [
    'H=$(hostname)\nif [ $H = lvs1 ]; then\n  ipvsadm -A -f 1 -s rr\nfi',
    '1:5 IPVSADM_LINE calls of ipvsadm depend on the output of `hostname`',
  ],
  'a case of an output': [
    'case $(uname -n) in\n  lvs1) ipvsadm -A -f 1 -s rr;;\nesac',
    '1:8 IPVSADM_LINE calls of ipvsadm depend on the output of `uname`',
  ],
  'a loop over the lines of a file': [
    'while read r; do ipvsadm -A -t $r:80 -s rr; done < /etc/servers',
    '1:50 IPVSADM_LINE calls of ipvsadm depend on the file /etc/servers',
  ],
  'a variable that a choice sets': [
    'V=192.0.2.1\nif [ "$(hostname)" = b ]; then V=192.0.2.2; fi\nipvsadm -A -t $V:80 -s rr',
    '3:15 IPVSADM_LINE a call of ipvsadm gets $V, which depends on the output of `hostname`, which is not known',
  ],
  'another machine': [
    'ssh lvs2 ipvsadm -C',
    '1:1 IPVSADM_LINE `ssh` runs ipvsadm where this import cannot follow',
  ],
  'a misspelt program': [
    'V=1\nipvsdam -A -f 1 -s rr',
    '2:1 IPVSADM_LINE `ipvsdam` is not a program that is known',
  ],
  'two network namespaces': [
    'ipvsadm -A -f 1 -s rr\nip netns exec blue ipvsadm -A -f 2 -s rr',
    '2:20 IPVSADM_LINE this call is for the network namespace blue',
  ],
};

describe('a call of ipvsadm that depends on the machine', () => {
  it.each(Object.entries(UNKNOWN))('is an error with %s', (_, [text, error]) => {
    const { issues, save } = outcome(text);
    expect(save).toBeUndefined();
    expect(issues).toContain(error);
  });

  it('is a warning when it is assumed that a program succeeds or a file is absent', () => {
    const text = `ip addr add 192.0.2.1 dev lo && ipvsadm ${WEB}\n[ -f /etc/x ] || ipvsadm ${SERVER}`;
    expect(outcome(text)).toEqual({
      issues: [
        '1:1 ASSUMED ipvsadm runs here on the assumption that `ip` succeeds',
        '2:6 ASSUMED ipvsadm runs here on the assumption that /etc/x does not exist',
        '1:1 NOT_CARRIED not carried over: command `ip`',
      ],
      save: [WEB, SERVER],
    });
  });

  it('goes on after a check that may end the script', () => {
    const text = `[ -f /etc/sysconfig/network ] || exit 1\n[ $(id -u) -eq 0 ] || exit 1\nipvsadm ${WEB}`;
    expect(outcome(text)).toEqual({
      issues: [
        '1:6 ASSUMED the script would end here if /etc/sysconfig/network does not exist; assumed that it goes on',
      ],
      save: [WEB],
    });
  });

  it('goes on after a check whose answer is unknown, and says so', () => {
    const text = `curl -f http://10.0.0.1 || exit 1\nservice ipvsadm start\nipvsadm ${WEB}`;
    expect(outcome(text).issues.slice(0, 2)).toEqual([
      '1:1 ASSUMED the script may end here: this depends on the answer of `curl`; assumed that it goes on',
      '2:1 ASSUMED `service` is taken to load no rules of its own',
    ]);
  });

  it('does no harm when unknown values do not reach it', () => {
    const text = `H=$(hostname)\necho "$H $(date)"\nif ping -c1 10.0.0.1; then echo up; else echo down; fi\nipvsadm ${WEB}`;
    expect(outcome(text)).toEqual({
      issues: ['3:4 NOT_CARRIED not carried over: command `ping`'],
      save: [WEB],
    });
  });
});

describe('a call that fails', () => {
  it('is an error at its line, with the line of the first', () => {
    const text = `V=192.0.2.1\nipvsadm -A -t $V:80 -s rr\nipvsadm -A -t $V:80 -s rr\n`;
    const { issues } = read(text);
    expect(issues).toMatchObject([
      {
        code: 'DUPLICATE',
        position: { line: 3, column: 12 },
        related: { position: { line: 2, column: 12 } },
      },
    ]);
  });

  it('ends a script with set -e', () => {
    const text = `set -e\nipvsadm ${WEB} 2>/dev/null\nipvsadm ${WEB} 2>/dev/null\nipvsadm -C\n`;
    expect(table(text)).toEqual([WEB]);
  });

  it('is only a warning when it deletes an entry that is not there', () => {
    expect(outcome(`ipvsadm -D -f 1\nipvsadm ${WEB}; :`).issues).toEqual([
      '1:1 NO_EFFECT there is nothing to delete: the table is empty at first',
    ]);
  });
});

describe('a script without an end', () => {
  test.each([
    ['a loop', `ipvsadm ${WEB}\nwhile true; do i=$((i + 1)); done`],
    ['a loop of calls', `while true; do ipvsadm -C; ipvsadm ${WEB}; done`],
    ['a function that calls itself', 'f() { f; }\nf\nipvsadm -C'],
    ['a script that calls itself', '$0\nipvsadm -C'],
    ['a text that doubles', 'x=aaaaaaaa\nwhile :; do x=$x$x; done\nipvsadm -C'],
    ['many words', 'echo {1..9999}{1..9999}{1..9999}\nipvsadm -C'],
    [
      'choices within choices',
      `f() { ping x && g || g; }\ng() { ping x && f || f; }\nf\nipvsadm -C`,
    ],
  ])('is an error: %s', (_, text) => {
    const { issues, save } = outcome(text);
    expect(save).toBeUndefined();
    expect(issues.join('\n')).toContain('TOO_LARGE');
  });
});

it('ends in a loop that changes nothing, and says so', () => {
  expect(outcome(`ipvsadm ${WEB}\nwhile true; do date; ipvsadm -Ln; sleep 30; done`)).toEqual({
    issues: ['2:1 ASSUMED the script stays in this loop: the table is that of before'],
    save: [WEB],
  });
});

it('leaves a loop that watches servers after its first errors', () => {
  const text = `while :; do for r in 1 2; do ping -c1 10.0.0.$r && ipvsadm -C; done; sleep 1; done`;
  expect(outcome(text).issues).toEqual([
    '1:30 IPVSADM_LINE calls of ipvsadm depend on the answer of `ping`',
    '1:30 NOT_CARRIED not carried over: command `ping`',
  ]);
});

it('says that the table is empty at the end', () => {
  expect(outcome(`ipvsadm ${WEB}; ipvsadm -C`).issues).toEqual([
    '1:1 NO_EFFECT the table is empty at the end of this run',
  ]);
});

describe('the places and comments of a script', () => {
  const text = `#!/bin/sh
# The shop

V=192.0.2.1
# address
ip addr add $V dev lo
# web
ipvsadm -A -t $V:80 -s rr # main
ipvsadm -a -t $V:80 -r 10.0.0.1 -m
# ipvsadm -a -t $V:80 -r 10.0.0.2 -m
`;

  it('are those of the calls', () => {
    const { desired, layout } = read(text);
    const [service] = desired?.services.keys() ?? [];
    if (!service) throw new Error('no service');
    expect(desired?.locate(service)).toEqual({ file: 'lvs.sh', line: 8, column: 12 });
    expect(layout?.head).toEqual(['The shop']);
    expect(layout?.services.get(service)).toMatchObject({
      above: ['web'],
      beside: 'main',
      below: ['ipvsadm -a -t $V:80 -r 10.0.0.2 -m'],
    });
  });
});

describe('any text', () => {
  const hard = Object.values(WAYS).join('\n');

  it('is read without an exception when it is cut at any place', () => {
    for (let end = 0; end < hard.length; end += 29) read(hard.slice(0, end));
    for (const text of Object.values(WAYS))
      for (let end = 0; end < text.length; end++) read(text.slice(0, end));
  });

  it('has a syntax error at its place', () => {
    expect(outcome(`ipvsadm ${WEB}\nif true; then :\n`).issues).toEqual([
      "3:1 SYNTAX expected 'fi' to close 'if'",
    ]);
  });
});
