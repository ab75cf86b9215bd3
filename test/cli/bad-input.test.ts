import { chmodSync, mkdirSync, symlinkSync, truncateSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LIVE, SHOP, shop, type Workspace } from './workspace.ts';

/** Expects each verb that reads a configuration to refuse it, and to keep the table as it is. */
async function expectRefusal(
  space: Workspace,
  says: RegExp,
  status = 65,
  files = '-f ./bad.yaml',
): Promise<void> {
  const validated = await space.run(`validate ${files}`);
  expect(validated.status).toBe(status);
  expect(validated.stdout + validated.stderr).toMatch(says);
  for (const verb of ['plan', 'apply --yes', 'check', 'apply --yes -o json']) {
    const {
      status: exitCode,
      stdout,
      stderr,
    } = await space.run(`${verb} ${files} --table ./live.save`);
    expect(exitCode, verb).toBe(status);
    if (!verb.endsWith('-o json')) expect(stdout, verb).toBe('');
    else
      expect(JSON.parse(stdout), verb).toMatchObject({
        format: 'ipvstate-error',
        error: { exit_code: status },
      });
    expect(stderr, verb).toMatch(says);
  }
  expect(space.read('live.save')).toBe(LIVE);
}

const destinations = (text: string): string =>
  `version: 1\nservices:\n  - address: tcp://192.0.2.10:443\n    destinations: ${text}\n`;

describe('a configuration without content', () => {
  it.each([
    ['empty', ''],
    ['blank lines', '\n\n  \n'],
    ['comments', '# services: []\n# nothing yet\n'],
    ['null', 'null\n'],
    ['~', '~'],
    ['a document mark', '---\n'],
    ['a byte order mark', '\ufeff'],
  ])('refuses a file that has only this: %s', async (_, text) => {
    await expectRefusal(
      shop({ 'bad.yaml': text }),
      /^bad\.yaml:1:\d+: error EMPTY: .*\n[\s\S]*hint: .*services: \[\]/,
    );
  });

  it('refuses an empty object', async () => {
    await expectRefusal(shop({ 'bad.yaml': '{}' }), /bad\.yaml:1:1: error MISSING_KEY: /);
  });

  it('refuses the key services without a list', async () => {
    await expectRefusal(
      shop({ 'bad.yaml': 'version: 1\nservices:\n' }),
      /bad\.yaml:2:\d+: error WRONG_TYPE: /,
    );
  });

  it('refuses `services: []` unless an option allows to delete all services', async () => {
    const { run, read } = shop({ 'bad.yaml': 'version: 1\nservices: []\n' });
    expect(await run('apply -f ./bad.yaml --table ./live.save --yes')).toMatchObject({ status: 3 });
    expect(read('live.save')).toBe(LIVE);
  });
});

describe('an invalid configuration', () => {
  it('refuses bytes that are not UTF-8, with the line', async () => {
    const space = shop();
    space.write(
      'bad.yaml',
      Buffer.concat([
        Buffer.from('version: 1\nservices: "'),
        Buffer.from([0xc3, 0x28]),
        Buffer.from('"\n'),
      ]),
    );
    await expectRefusal(space, /bad\.yaml:2:12: error NOT_TEXT: not UTF-8 text: found byte 0xc3/);
  });

  it('refuses a binary file', async () => {
    const space = shop();
    space.write('bad.yaml', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 0]));
    await expectRefusal(space, /bad\.yaml:1:\d+: error NOT_TEXT: /);
  });

  it('refuses UTF-16 text', async () => {
    const space = shop();
    space.write('bad.yaml', Buffer.from(`\ufeff${SHOP}`, 'utf16le'));
    await expectRefusal(space, /bad\.yaml:1:1: error NOT_TEXT: /);
  });

  it('refuses JSON that is cut off at any byte', async () => {
    const { run, write, read } = shop();
    const whole = (await run('import ./shop.yaml -o json')).stdout.trimEnd();
    for (let end = 0; end < whole.length; end += 7) {
      write('bad.json', whole.slice(0, end));
      expect(
        await run('apply -f ./bad.json --table ./live.save --yes'),
        whole.slice(0, end),
      ).toMatchObject({ status: 65, stdout: '' });
    }
    expect(read('live.save')).toBe(LIVE);
  });

  it('refuses YAML that is cut off within its last list', async () => {
    const { run, write, read } = shop();
    for (let end = SHOP.lastIndexOf('[') + 1; end < SHOP.trimEnd().length; end++) {
      write('bad.yaml', SHOP.slice(0, end));
      expect(
        await run('apply -f ./bad.yaml --table ./live.save --yes'),
        SHOP.slice(0, end),
      ).toMatchObject({ status: 65, stdout: '' });
    }
    expect(read('live.save')).toBe(LIVE);
  });

  it('refuses a file of more than 64 MiB without reading it', async () => {
    const space = shop({ 'bad.yaml': '' });
    truncateSync(space.path('bad.yaml'), 64 * 1024 * 1024 + 1);
    await expectRefusal(space, /bad\.yaml has 67108865 bytes; at most 67108864 are read/);
  });

  it('refuses a device that never ends', async () => {
    const { run } = shop();
    expect(await run('validate -f /dev/zero')).toMatchObject({
      status: 65,
      stderr: 'ipvstate: /dev/zero has more than 67108864 bytes; at most 67108864 are read\n',
    });
  });

  it.each([
    ['brackets', `version: 1\nservices: ${'['.repeat(100_000)}`],
    ['braces of JSON', `{"version":1,"services":${'{"a":'.repeat(100_000)}`],
    [
      'indentation',
      `version: 1\nservices:\n${Array.from({ length: 200 }, (_, depth) => `${' '.repeat(depth + 1)}a:`).join('\n')}\n`,
    ],
  ])('refuses deeply nested %s', async (_, text) => {
    await expectRefusal(shop({ 'bad.yaml': text }), /bad\.yaml:\d+:\d+: error TOO_DEEP: /);
  });

  it('refuses aliases that expand to a huge document', async () => {
    const lines = [
      'a0: &a0 [x, x]',
      ...Array.from(
        { length: 40 },
        (_, index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}]`,
      ),
    ];
    await expectRefusal(
      shop({ 'bad.yaml': `version: 1\nservices: []\n${lines.join('\n')}\n` }),
      /error ALIAS_LIMIT: /,
    );
  });

  it.each([
    ['SYNTAX', 'version: 1\nservices: [\n'],
    ['SYNTAX', '{"version": 1, "services": [}'],
    ['MULTIPLE_DOCUMENTS', `${SHOP}---\n${SHOP}`],
    ['DUPLICATE_KEY', 'version: 1\nservices: []\nservices: []\n'],
    ['YAML_1_1', `%YAML 1.1\n---\n${SHOP}`],
    ['TAG', destinations('[!!str 10.1.0.11]')],
    ['CONTROL_CHARACTER', destinations('["10.1.0.11\u0007"]')],
    ['NUMBER_SPELLING', destinations('[{ address: 10.1.0.11, weight: 0x50 }]')],
    ['NUMBER_SPELLING', destinations('[{ address: 10.1.0.11, weight: 080 }]')],
    ['UNKNOWN_KEY', destinations('[{ address: 10.1.0.11, wieght: 1 }]')],
    ['WRONG_TYPE', destinations('[{ address: 10.1.0.11, weight: "1" }]')],
    ['WRONG_TYPE', destinations('10.1.0.11')],
    ['WRONG_TYPE', 'just a text'],
    ['WRONG_TYPE', '[]'],
    ['OUT_OF_RANGE', destinations('[{ address: 10.1.0.11, weight: -1 }]')],
    ['OUT_OF_RANGE', destinations('[{ address: 10.1.0.11, weight: 65536000000 }]')],
    ['VERSION', 'version: 2\nservices: []\n'],
    ['ADDRESS', destinations('[10.1.0.256]')],
    ['ADDRESS', destinations('[010.1.0.11]')],
    ['ADDRESS', destinations('["10.1"]')],
    ['ADDRESS', 'version: 1\nservices: [{ address: "192.0.2.1:80" }]\n'],
    ['DUPLICATE', destinations('[10.1.0.11, "10.1.0.11:443"]')],
    ['REFERENCE', destinations('[{ pool: nowhere }]')],
    ['THRESHOLD', destinations('[{ address: 10.1.0.11, upper_threshold: 5, lower_threshold: 9 }]')],
    ['IPVSADM_LINE', '-A -t 192.0.2.1:80 -s\n'],
    ['NOT_DECLARATIVE', `${LIVE}-R\n`],
  ])('refuses text with the issue %s and its place', async (code, text) => {
    await expectRefusal(
      shop({ 'bad.yaml': text }),
      new RegExp(`^bad\\.yaml:\\d+:\\d+: error ${code}: `, 'm'),
    );
  });

  it('shows all issues at once, in the order of the text', async () => {
    const { run } = shop({
      'bad.yaml': destinations(
        '[{ address: 10.1.0.256 }, { address: 10.1.0.12, wieght: 1 }, { address: 10.1.0.13, weight: -1 }]',
      ),
    });
    const { stderr } = await run('plan -f ./bad.yaml --table ./live.save');
    expect(stderr.match(/error \w+/g)).toEqual([
      'error ADDRESS',
      'error UNKNOWN_KEY',
      'error OUT_OF_RANGE',
    ]);
    expect(stderr).toContain('ipvstate: 3 errors in the configuration; nothing was changed\n');
  });
});

describe('a contradiction between two files', () => {
  it.each([
    [
      'DUPLICATE',
      'service',
      'version: 1\nservices: [{ address: "tcp://192.0.2.10:443", destinations: [10.9.9.9] }]\n',
      '',
    ],
    [
      'DUPLICATE',
      'timeouts',
      'version: 1\ntimeouts: { tcp: 5m }\nservices: []\n',
      'timeouts: { tcp: 15m }\n',
    ],
  ])('shows both places of the issue %s about a %s', async (code, _, other, more) => {
    const space = shop({ 'a.yaml': `${more}${SHOP}`, 'b.yaml': other });
    await expectRefusal(
      space,
      new RegExp(`^b\\.yaml:\\d+:\\d+: error ${code}: [\\s\\S]*note: .*: a\\.yaml:\\d+:\\d+\n`),
      65,
      '-f ./a.yaml -f ./b.yaml',
    );
  });

  it('reports an invalid file before it compares the files', async () => {
    await expectRefusal(
      shop({ 'bad.yaml': '' }),
      /error EMPTY/,
      65,
      '-f ./shop.yaml -f ./bad.yaml',
    );
  });
});

describe('a configuration that cannot be read', () => {
  it('exits 66 when a file is missing', async () => {
    await expectRefusal(shop(), /^ipvstate: bad\.yaml does not exist\n$/, 66);
  });

  it('exits 66 when a path leads through a file', async () => {
    await expectRefusal(
      shop(),
      /^ipvstate: shop\.yaml\/x does not exist\n$/,
      66,
      '-f ./shop.yaml/x',
    );
  });

  it('exits 66 when links form a loop', async () => {
    const space = shop();
    symlinkSync('bad.yaml', space.path('bad.yaml'));
    await expectRefusal(space, /bad\.yaml is a loop of links/, 66);
  });

  it('exits 66 when a name is too long', async () => {
    await expectRefusal(shop(), /cannot be read \(ENAMETOOLONG\)/, 66, `-f ./${'x'.repeat(300)}`);
  });

  it.skipIf(process.getuid?.() === 0)('exits 66 when the user may not read a file', async () => {
    const space = shop({ 'bad.yaml': SHOP });
    chmodSync(space.path('bad.yaml'), 0);
    await expectRefusal(space, /bad\.yaml may not be read/, 66);
  });

  it('exits 66 when a folder has no configuration', async () => {
    const space = shop();
    mkdirSync(space.path('conf.d'));
    await expectRefusal(
      space,
      /conf\.d has no \*\.yaml, \*\.yml or \*\.json file/,
      66,
      '-f ./conf.d',
    );
  });
});

it.each(['plan -f ./shop.yaml --table -', 'apply -'])(
  'the file - that does not exist is refused with the name of stdin: %s',
  async (line) => {
    expect(await shop().run(line)).toEqual({
      status: 66,
      stdout: '',
      stderr:
        'ipvstate: - does not exist\n' +
        '    Here, - is the name of a file. For stdin, name /dev/stdin.\n',
    });
  },
);
