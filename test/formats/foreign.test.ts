import { describe, expect, it } from 'vitest';
import { formatOf } from '../../src/formats/formats.ts';
import { workspace } from '../cli/workspace.ts';

const LISTING = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
`;

/** Texts that people have at hand, and words of the answer. */
const TEXTS = {
  listing: {
    text: `${LISTING}TCP  192.0.2.1:80 wlc\n  -> 10.0.0.1:80                   Route   1      0          0\n`,
    says: 'this is a listing (`ipvsadm -L`)',
    helps: '`ipvsadm -Sn` and `ipvstate export`',
  },
  'empty listing': { text: LISTING, says: 'this is a listing', helps: '`ipvsadm -Sn`' },
  '/proc/net/ip_vs': {
    text: `${LISTING}TCP  C0000201:0050 wlc \n  -> 0A000001:0050      Route   1      0          0\nFWM  00000007 rr \n`,
    says: 'this is a copy of /proc/net/ip_vs',
    helps: '`ipvsadm -Sn` and `ipvstate export`',
  },
  connections: {
    text: 'IPVS connection entries\npro expire state       source             virtual            destination\n',
    says: 'this is a list of connections (`ipvsadm -Lc`)',
    helps: '`ipvsadm -Sn` and `ipvstate export`',
  },
  'output of a command': {
    text: '{"format": "ipvstate-history", "version": 1, "runs": []}\n',
    says: 'this is output of ipvstate, not a configuration',
    helps: '',
  },
  'a binary file': {
    text: '\u007fELF\0\0\0',
    says: '',
    helps: '',
  },
} as const;

const KEEPALIVED = '! edge 1\n\nvirtual_server 192.0.2.1 80 {\n  real_server 10.0.0.1 80 { }\n}\n';

describe("a text in another program's language", () => {
  it.each([
    ['keepalived', KEEPALIVED],
    ['keepalived', '$VIP=192.0.2.1\nvirtual_server 2001:db8::1 80\n{\n}\n'],
    ['keepalived', '@a global_defs {\n@a }\n'],
    ['keepalived', '~SEQ(N, 1, 2) virtual_server 192.0.2.$N 80 { }\n'],
    ['keepalived', '# all of it\ninclude /etc/keepalived/conf.d/*.conf\n'],
    ['keepalived', 'vrrp_instance a {\n  notify "/sbin/ipvsadm -C"\n}\n'],
  ])('is recognised as %s: %j', (name, text) => {
    expect(formatOf(text, 'given').name).toBe(name);
  });

  it('is translated by import, validated and compared, and never applied', async () => {
    const { run } = workspace({ 'k.conf': KEEPALIVED, 'none.yaml': 'version: 1\nservices: []\n' });
    expect(await run('import ./k.conf -o save')).toMatchObject({
      status: 0,
      stdout: '-A -u 192.0.2.1:80 -s wlc\n-a -u 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1\n',
    });
    expect((await run('validate -f ./k.conf')).status).toBe(0);
    expect((await run('diff ./none.yaml ./k.conf')).status).toBe(2);
    for (const line of [
      'plan -f ./k.conf --table ./none.yaml',
      'check -f ./k.conf --table ./none.yaml',
    ]) {
      const { status, stderr } = await run(line);
      expect(status, line).toBe(65);
      expect(stderr).toContain('this is a keepalived.conf');
      expect(stderr).toContain('ipvstate import k.conf > ipvs.yaml');
    }
  });

  it('takes the id of its conditional lines from the command line', async () => {
    const { run } = workspace({
      'k.conf': `${KEEPALIVED}@b virtual_server 192.0.2.2 80 {\n@b real_server 10.0.0.1 80 { }\n@b }\n`,
    });
    expect((await run('import ./k.conf')).status).toBe(65);
    expect((await run('import ./k.conf --config-id b -o save')).stdout).toContain('192.0.2.2');
    expect((await run('import ./k.conf --config-id c -o save')).stdout).not.toContain('192.0.2.2');
    expect((await run('diff ./k.conf ./k.conf --config-id b')).status).toBe(0);
  });

  it('reads the files that it includes', async () => {
    const { run } = workspace({
      'k.conf': 'include conf.d/*.conf\n',
      'conf.d/b.conf': KEEPALIVED,
      'conf.d/a.conf': '$A=1\n',
      'bad.conf': 'include conf.d/bad\n',
      'conf.d/bad': '\nvirtual_server x {\n}\n',
    });
    expect((await run('import ./k.conf -o save')).stdout).toContain('-A -u 192.0.2.1:80');
    expect((await run('import ./bad.conf')).stderr).toContain('conf.d/bad:2:16: error ADDRESS');
  });
});

describe('a text that is no configuration', () => {
  it.each(Object.entries(TEXTS))('is named with -f, --table and import: %s', async (_, given) => {
    const { run } = workspace({ given: given.text, 'none.yaml': 'version: 1\nservices: []\n' });
    for (const line of [
      'validate -f ./given',
      'plan -f ./given --table ./none.yaml',
      'plan -f ./none.yaml --table ./given',
      'import ./given',
    ]) {
      const { status, stdout, stderr } = await run(line);
      expect(status, line).toBe(65);
      const answer = stdout + stderr;
      expect(answer, line).toContain(given.says);
      expect(answer, line).toContain(given.helps);
      if (given.says !== '') expect(answer.match(/: error [A-Z]/g), answer).toHaveLength(1);
    }
  });

  it('is named where a saved plan is expected', async () => {
    const { run } = workspace({ 'k.conf': KEEPALIVED, listing: LISTING });
    const answer = await run('apply ./k.conf');
    expect(answer).toMatchObject({
      status: 65,
      stderr: expect.stringContaining('it is a keepalived.conf'),
    });
    expect(answer.stderr).toContain('ipvstate import k.conf');
    expect(await run('apply ./listing')).toMatchObject({
      status: 65,
      stderr: expect.stringContaining('it is a listing'),
    });
  });
});

describe('a text of ours', () => {
  it.each([
    [
      'a configuration with words of keepalived',
      'version: 1\n# virtual_server 1 {\nservices: []\n',
      'yaml',
    ],
    ['a configuration with words of ipvsctl', 'version: 1\nservices:\n  - sched: rr\n', 'yaml'],
    [
      'a configuration that names no version',
      'services:\n  - scheduler: rr\n    forward: masq\n',
      'yaml',
    ],
    ['a key that keepalived has as a word', 'virtual_server: 1\nservices: []\n', 'yaml'],
    ['a comment about a listing', '# IP Virtual Server version 1.2.1\nversion: 1\n', 'yaml'],
    ['save text with such a comment', '# virtual=1\n#   real=2\n-A -f 1\n', 'save'],
  ])("is not taken for another program's: %s", (_, text, name) => {
    expect(formatOf(text, 'given').name).toBe(name);
  });
});

describe('a text with a mark or with parts of another format', () => {
  it('is a script when it begins as one, although it writes a keepalived.conf', async () => {
    const script = `#!/bin/sh\ncat > /etc/keepalived/keepalived.conf <<END\n${KEEPALIVED}END\nipvsadm -A -t 192.0.2.7:80 -s rr\n`;
    expect(formatOf(script, 'lvs').name).toBe('shell');
    const { stdout } = await workspace({ lvs: script }).run('import ./lvs -o save');
    expect(stdout).toBe('-A -t 192.0.2.7:80 -s rr\n');
  });

  it('is YAML for ipvsctl with a byte order mark, too', () => {
    const text = 'services:\n- address: tcp://192.0.2.1:80\n  sched: rr\n';
    expect(formatOf(`\ufeff${text}`, 'a.yaml').name).toBe('ipvsctl');
  });

  it('is YAML for ipvsctl when its words stand within brackets', () => {
    const text = 'defaults: { weight: 3, forward: nat }\nservices:\n- { address: "a:80" }\n';
    expect(formatOf(text, 'a.yaml').name).toBe('ipvsctl');
    expect(formatOf(`version: 1\n${text}`, 'a.yaml').name).toBe('yaml');
  });

  it('has few issues printed, however many there are', async () => {
    const wrong = 'virtual_server 192.0.2.1 80 {\n'.concat('  wieght 1\n'.repeat(500), '}\n');
    const { stderr } = await workspace({ 'k.conf': wrong }).run('import ./k.conf');
    expect(stderr.match(/: error /g)).toHaveLength(51);
    expect(stderr).toContain('more problems are not shown');
  });
});
