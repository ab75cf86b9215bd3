import { describe, expect, it } from 'vitest';
import { linesOf, read, serverWith } from './read.ts';

const SERVICE = ['-A -t 192.0.2.1:80 -s wlc', '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1'];

describe('the grammar of keepalived', () => {
  it.each([
    [
      'braces on lines of their own',
      'virtual_server 192.0.2.1 80\n{\nprotocol TCP\nreal_server 10.0.0.1 80\n{\n}\n}\n',
    ],
    [
      'everything on one line',
      'virtual_server 192.0.2.1 80 { protocol TCP }'
        .replace('}', '{ }')
        .replace('TCP { }', 'TCP\nreal_server 10.0.0.1 80 { } }'),
    ],
    [
      'comments anywhere',
      '! edge\nvirtual_server 192.0.2.1 80 { # web {\n protocol TCP ! tcp }\n#}\n real_server 10.0.0.1 80 { } # one\n}\n',
    ],
    [
      'tabs and CRLF',
      'virtual_server\t192.0.2.1\t80 {\r\n\tprotocol TCP\r\n\treal_server 10.0.0.1 80 {\r\n\t}\r\n}\r\n',
    ],
    [
      'quoted words',
      'virtual_server "192.0.2.1" 80 {\n protocol "TCP"\n real_server 10.0.0.1 "80" { }\n}\n',
    ],
    ['no end of line at the end', serverWith('').trimEnd()],
    ['a byte order mark', `\ufeff${serverWith('')}`],
  ])('allows %s', async (_, text) => {
    expect(await linesOf(text)).toEqual(SERVICE);
  });

  it('does not see braces and comments in quoted text', async () => {
    const { errors } = await read(serverWith('  quorum_up "/bin/a {} # ! up"'));
    expect(errors).toEqual([]);
  });

  it.each([
    [
      'a block that is never closed',
      'virtual_server 192.0.2.1 80 {\n',
      ['1:1 SYNTAX the block of virtual_server is never closed', '1:1 EMPTY'],
    ],
    ['a brace too many', `${serverWith('')}}\n`, ['6:1 SYNTAX this "}" closes nothing']],
    [
      'a block without a statement',
      `{\n}\n${serverWith('')}`,
      ['1:1 SYNTAX there is no statement'],
    ],
    [
      'a statement without its block',
      'virtual_server 192.0.2.1 80\n',
      ['1:1 SYNTAX virtual_server has no block'],
    ],
    [
      'a real server without its block',
      serverWith('', 'real_server 10.0.0.1 80'),
      ['4:3 SYNTAX real_server has no block'],
    ],
    [
      'a quote that is not closed',
      serverWith('  quorum_up "/bin/a'),
      ['3:13 SYNTAX this quote is not closed'],
    ],
    [
      'a line that keepalived cuts',
      `# ${'x'.repeat(1023)}\n${serverWith('')}`,
      ['1:1 TOO_LARGE the line is too long'],
    ],
  ])('has an error with its place for %s', async (_, text, expected) => {
    const { errors } = await read(text);
    expect(errors.length).toBeGreaterThanOrEqual(1);
    for (const [index, error] of expected.entries())
      if (!error.endsWith('EMPTY')) expect(errors[index]).toContain(error);
  });
});

describe('definitions', () => {
  it('are replaced as words, and with braces inside a word', async () => {
    const text = `$VIP=192.0.2.1\n$NET=10.0.0\n$PORT=80\nvirtual_server $VIP $PORT {\n protocol TCP\n real_server \${NET}.1 \${PORT} { }\n}\n`;
    expect(await linesOf(text)).toEqual(SERVICE);
  });

  it('may refer to each other, and hold from their line on', async () => {
    const text = `$A=10.0.0.1\n$B=$A 80\n${serverWith('$A=10.0.0.2', 'real_server $B { }')}`;
    expect(await linesOf(text)).toContain('-a -t 192.0.2.1:80 -r 10.0.0.2:80 -m -w 1');
  });

  it('may have several lines', async () => {
    const text = `$RS=\\\n  weight 5 \\ \n  uthreshold 7 # most \\\n\n  lthreshold 3\n${serverWith('', 'real_server 10.0.0.1 80 {\n  $RS\n }')}`;
    const lines = await linesOf(text.replace('\\ \n', '\\\n').replace('\\\n\n', '\\\n'));
    expect(lines[1]).toBe('-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 5 -x 7 -y 3');
  });

  it('of several lines may contain others, and whole blocks', async () => {
    const text = `$CHECK=TCP_CHECK { \\\n connect_timeout 3 \\\n}\n$RS=weight 2 \\\n $CHECK\n${serverWith('', 'real_server 10.0.0.1 80 {\n $RS\n}')}`;
    const { lines, health } = await read(text);
    expect(lines[1]).toContain('-w 2');
    expect(health?.get('tcp://192.0.2.1:80' as never)?.service).toMatchObject({ timeout: '3s' });
  });

  it.each(['', '  ', '# why', ' ! why'])('end at a line without words: %j', async (line) => {
    expect(await linesOf(`$A=x \\\n${line}\n${serverWith('')}`)).toEqual(SERVICE);
  });

  it.each([
    ['that are not there', 'virtual_server $VIP 80 { }\n', '1:16 REFERENCE $VIP is not defined'],
    [
      'that are not there, as statements',
      serverWith('  $COMMON'),
      '3:3 REFERENCE $COMMON is not defined',
    ],
    [
      'that come too late',
      `${serverWith('', 'real_server $RS 80 { }')}$RS=10.0.0.1\n`,
      '4:15 REFERENCE $RS has no value here',
    ],
    [
      'that stand in a word without braces',
      `$N=1\n${serverWith('', 'real_server 10.0.0.$N.1 80 { }')}`,
      'REFERENCE $N has no value here',
    ],
    [
      'of several lines that do not end a line',
      `$A=1 \\\n 2\n${serverWith('  weight $A 3')}`,
      '5:10 REFERENCE $A has no value here',
    ],
    [
      'that refer to themselves',
      `$A=$A\n${serverWith('  weight $A')}`,
      '4:3 TOO_LARGE the definitions in this line have no end',
    ],
    [
      'that grow',
      `$A=x $A\n${serverWith('  weight $A')}`,
      '4:3 TOO_LARGE the definitions in this line have no end',
    ],
    [
      'whose lines refer to themselves',
      `$A=x \\\n $A\n${serverWith('  $A')}`,
      'TOO_DEEP the definitions in this line have no end',
    ],
    [
      'whose value is random',
      serverWith('', `real_server 10.0.0.1 80 { weight \${_RANDOM 1 5} }`),
      'REFERENCE the value of $_RANDOM',
    ],
    [
      'of an instance that is not known',
      serverWith('', 'real_server 10.0.0.1 80 { weight $_INSTANCE }'),
      'REFERENCE the value of $_INSTANCE',
    ],
  ])('are an error with its place: those %s', async (_, text, expected) => {
    expect((await read(text)).errors.join('\n')).toContain(expected);
  });

  it('suggest the name that was meant', async () => {
    const { issues } = await read(`$VIP4=192.0.2.1\nvirtual_server $VPI4 80 { }\n`);
    expect(issues[0]?.hint).toBe('did you mean $VIP4?');
  });

  it('do not matter where nothing is carried over', async () => {
    const text = `vrrp_instance V {\n notify "/bin/x \${y}"\n priority \${_RANDOM 1 5}\n auth_pass $ecret\n}\n`;
    expect(await linesOf(text + serverWith(''))).toEqual(SERVICE);
  });

  it('that keepalived has are known', async () => {
    const text = serverWith('', `real_server 10.0.0.1 80 { weight \${_INSTANCE} }`);
    expect((await linesOf(text, { configId: '7' }))[1]).toContain('-w 7');
  });
});

describe('sequences', () => {
  const servers = async (statement: string): Promise<readonly string[]> => {
    const lines = await linesOf(serverWith('', statement));
    return lines.slice(1).map((line) => /-r (\S+)/.exec(line)?.[1] ?? '');
  };

  it.each([
    ['~SEQ(N, 5, 7) real_server 10.0.0.$N 80 { }', ['10.0.0.5:80', '10.0.0.6:80', '10.0.0.7:80']],
    ['~SEQ(N, 3) real_server 10.0.0.$N 80 { }', ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80']],
    [
      '~SEQ(N, 1, 2, 5) real_server 10.0.0.$N 80 { }',
      ['10.0.0.1:80', '10.0.0.3:80', '10.0.0.5:80'],
    ],
    [`~SEQ(N, 3, -1, 2) real_server 10.0.0.\${N} 80 { }`, ['10.0.0.2:80', '10.0.0.3:80']],
    ['~SEQ(N, 0x0a, 012) real_server 10.0.0.$N 80 { }', ['10.0.0.10:80']],
    [
      `~SEQ(A, 1, 2) ~SEQ(B, 1, 2) real_server 10.0.\${A}.$B 80 { }`,
      ['10.0.1.1:80', '10.0.1.2:80', '10.0.2.1:80', '10.0.2.2:80'],
    ],
    ['~LST(IP, 10.0.0.1, 10.0.0.9) real_server $IP 80 { }', ['10.0.0.1:80', '10.0.0.9:80']],
    [
      '~LST({IP, PORT}, {10.0.0.1, 81}, {10.0.0.2, 82}) real_server $IP $PORT { }',
      ['10.0.0.1:81', '10.0.0.2:82'],
    ],
    [
      '~LST({IP, PORT}, {10.0.0.1, 81}, {10.0.0.2}) real_server $IP $PORT { }',
      ['10.0.0.1:81', '10.0.0.2:80'],
    ],
  ])('stand for several lines: %s', async (statement, expected) => {
    expect((await servers(statement)).toSorted()).toEqual(expected);
  });

  it('are hexadecimal where they should be', async () => {
    const text =
      'virtual_server 2001:db8::1 80 {\n protocol TCP\n ~SEQx(N, 9, 10) real_server 2001:db8:1::$N 80 { }\n}\n';
    expect((await linesOf(text)).slice(1).map((line) => line.split(' ')[4])).toEqual([
      '[2001:db8:1::9]:80',
      '[2001:db8:1::a]:80',
    ]);
  });

  it('take their limits from definitions', async () => {
    const text = `$LAST=2\n${serverWith('', '~SEQ(N, 1, $LAST) real_server 10.0.0.$N 80 { }')}`;
    expect(await linesOf(text)).toHaveLength(3);
  });

  it.each([
    '~SEQ(N) a',
    '~SEQ N 1 2',
    '~SEQ(N, a, b) c',
    '~SEQ(N, 1, 0, 5) a',
    '~SEQ(N, 5, 1, 1) a',
    '~SEQ(N, 1, 2, 3, 4) a',
    '~SEQx(N, -1, 2) a',
    '~LST(N) a',
    '~LST({A,B}, {1,2,3}) a',
    '~LST(A, {b) c',
    '~LST',
    '~SEQ(N, 1, 99999999999) a',
  ])('that are not well-formed are an error: %s', async (line) => {
    const { errors } = await read(`${line}\n${serverWith('')}`);
    expect(errors[0]).toBe('1:1 SYNTAX this sequence is not well-formed');
  });

  it('that never end are an error, not a hang', async () => {
    const { errors } = await read(`~SEQ(A, 1, 4000000000) ~SEQ(B, 1, 4000000000) x\n`);
    expect(errors[0]).toContain('TOO_LARGE the sequences and definitions make more than');
  });
});

describe('conditions', () => {
  const text = `${serverWith('')}@high virtual_server 192.0.2.2 80 {\n@high  real_server 10.0.0.1 80 { }\n@high }\n@^high virtual_server 192.0.2.3 80 { real_server 10.0.0.1 80 { } }\n`;

  it.each([
    ['high', '192.0.2.2'],
    ['low', '192.0.2.3'],
  ])('hold for their id: %s', async (configId, address) => {
    const lines = await linesOf(text, { configId });
    expect(lines.filter((line) => line.startsWith('-A')).map((line) => line.split(' ')[2])).toEqual(
      ['192.0.2.1:80', `${address}:80`],
    );
  });

  it('are an error once, when the id is not known', async () => {
    const { errors, issues } = await read(text);
    expect(errors).toEqual([
      '6:1 MISSING_KEY lines with @ depend on the configuration id of the machine',
    ]);
    expect(issues[0]?.hint).toContain('--config-id ID');
  });

  it('may stand behind a brace, and in a definition', async () => {
    const inline = `$C=@a weight 5\n${serverWith('', 'real_server 10.0.0.1 80 { @a uthreshold 9\n $C\n }')}`;
    expect((await linesOf(inline, { configId: 'a' }))[1]).toContain('-w 5 -x 9');
    expect((await linesOf(inline, { configId: 'b' }))[1]).toBe(SERVICE[1]);
  });
});

describe('included files', () => {
  it('are read in their place', async () => {
    const files = {
      'b.conf': '  real_server 10.0.0.1 80 { }\n',
      'a.conf': 'protocol TCP\ninclude b.conf\n',
    };
    const { lines, errors, included } = await read(
      'virtual_server 192.0.2.1 80 {\ninclude a.conf\n}\n',
      { files },
    );
    expect(errors).toEqual([]);
    expect(lines).toEqual(SERVICE);
    expect([...(included?.keys() ?? [])]).toEqual(['a.conf', 'b.conf']);
  });

  it('have their own places, and share definitions', async () => {
    const files = {
      'defs.conf': '$VIP=192.0.2.1\n',
      'web.conf': '\nvirtual_server $VIP 80 {\n  lb_algo rrr\n}\n',
    };
    const { errors, desired } = await read('includea defs.conf\nincluder web.conf\n', { files });
    expect(errors).toEqual([
      'web.conf:3:11 SCHEDULER keepalived knows no scheduler "rrr", and takes another one',
    ]);
    expect(desired).toBeUndefined();
  });

  it.each([
    ['that are not there', 'include no.conf\n', '1:9 REFERENCE there is no file no.conf'],
    [
      'that include each other',
      'include a.conf\n',
      'b.conf:1:9 REFERENCE this include never ends: a.conf includes b.conf includes a.conf',
    ],
    [
      'that include the first file',
      'include c.conf\n',
      'c.conf:1:9 REFERENCE this include never ends: keepalived.conf includes c.conf includes keepalived.conf',
    ],
    [
      'that depend on a condition',
      '@x include a.conf\n',
      '1:4 SYNTAX keepalived reads an include like this twice',
    ],
    [
      'of a pattern that must match',
      'includew x*.conf\n',
      '1:10 REFERENCE there is no file x*.conf',
    ],
  ])('are an error with its place: those %s', async (_, text, expected) => {
    const files = {
      'a.conf': 'include b.conf\n',
      'b.conf': 'include a.conf\n',
      'c.conf': 'include keepalived.conf\n',
      'keepalived.conf': '',
    };
    expect((await read(text, { files, configId: 'x' })).errors).toContain(expected);
  });

  it('are a warning when no file has a name like a pattern', async () => {
    const { warnings, errors } = await read(`include x*.conf\n${serverWith('')}`);
    expect(errors).toEqual([]);
    expect(warnings).toContain('1:9 REFERENCE no file has a name like x*.conf');
  });

  it('are an error when nobody can read them', async () => {
    const { errors } = await read('include a.conf\n', { readIncluded: undefined as never });
    expect(errors[0]).toBe('1:9 REFERENCE the text of a.conf is needed, and is not at hand');
  });

  it('that cannot be read are named where they are included', async () => {
    const problem = {
      code: 'REFERENCE',
      severity: 'error',
      message: 'it cannot be read (EACCES)',
    } as const;
    const { errors } = await read('include a.conf\n', {
      readIncluded: async () => [{ name: 'a.conf', text: '', problem }],
    });
    expect(errors[0]).toBe('1:9 REFERENCE a.conf: it cannot be read (EACCES)');
  });

  it('end at a depth, under ever new names', async () => {
    let count = 0;
    const readIncluded = async () => [{ name: `${++count}.conf`, text: 'include next\n' }];
    const { errors } = await read('include first\n', { readIncluded });
    expect(errors[0]).toContain('TOO_DEEP files include each other');
  });
});
