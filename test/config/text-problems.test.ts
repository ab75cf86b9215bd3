import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { MAX_TEXT_LENGTH } from '../../src/config/read/pre-scan.ts';
import { briefProblemsOf, desiredOf, problemsOf } from '../support/config-problems.ts';

const NOTHING = 'version: 1\nservices: []\n';

describe('a text that is not a configuration', () => {
  it.each([
    ['an empty text', ''],
    ['a comment', '# to be written\n'],
    ['null', 'null\n'],
    ['a document start', '---\n'],
    ['a byte order mark', '\ufeff'],
  ])('is reported as EMPTY, and never read as "no services", when it is %s', (_, text) => {
    expect(briefProblemsOf(text)).toEqual([
      '1:1 error EMPTY: the file says nothing => to ask for no services at all, write "version: 1" and "services: []"',
    ]);
    expect(parseConfig(text, 'c.yaml').desired).toBeUndefined();
  });

  it('is refused when it is not a mapping', () => {
    expect(briefProblemsOf('- a\n')).toEqual([
      '1:1 error WRONG_TYPE: the file is a list; it must be a mapping',
    ]);
    expect(briefProblemsOf('text\n')).toEqual([
      '1:1 error WRONG_TYPE: the file is text; it must be a mapping',
    ]);
  });

  it('is refused when a second document follows', () => {
    expect(briefProblemsOf(`${NOTHING}---\n${NOTHING}`)).toEqual([
      '3:1 error MULTIPLE_DOCUMENTS: a second document begins here => write one document per file: put them in a directory',
    ]);
  });

  it('is refused unread when it is too large', () => {
    expect(briefProblemsOf('#'.repeat(MAX_TEXT_LENGTH + 1))).toEqual([
      '1:1 error TOO_LARGE: the file is larger than 64 MiB => split it into several files',
    ]);
  });

  it.each(['a\0b', 'a\ufffdb'])('is refused when it is not UTF-8 text', (text) => {
    expect(briefProblemsOf(`version: 1\nname: ${text}\n`)).toEqual([
      '2:8 error NOT_TEXT: this is not UTF-8 text => save the file as UTF-8',
    ]);
  });

  it('is refused when it says that it is YAML 1.1, where 010 means eight', () => {
    expect(briefProblemsOf(`%YAML 1.1\n---\n${NOTHING}`)).toEqual([
      '1:1 error YAML_1_1: only YAML 1.2 is read => remove the %YAML line',
    ]);
    expect(briefProblemsOf(`%YAML 1.2\n---\n${NOTHING}`)).toEqual([]);
  });

  it.each([
    ['flow lists', `version: 1\nservices: ${'['.repeat(100_000)}`, '2:74'],
    ['flow mappings', `version: 1\nservices: ${'{a: '.repeat(100_000)}`, '2:263'],
    ['lists on one line', `version: 1\nservices: \n  ${'- '.repeat(5_000)}\n`, '3:129'],
    [
      'indentation',
      `version: 1\nservices:\n${Array.from({ length: 70 }, (_, n) => `${' '.repeat(n + 1)}a:`).join('\n')}\n`,
      '66:65',
    ],
  ])('is refused at once when its %s are nested too deeply', (_, text, place) => {
    expect(briefProblemsOf(text)).toEqual([
      `${place} error TOO_DEEP: brackets or indentation are nested too deeply here => is a closing bracket missing?`,
    ]);
  });

  it('is not refused as too deep for brackets in quotes, comments and plain text', () => {
    const brackets = '['.repeat(100);
    const text = `version: 1 # ${brackets}\nservices:\n  - { address: "tcp://192.0.2.1:80", name: "${brackets}", destinations: [10.0.0.1] }\n`;
    expect(briefProblemsOf(text)).toEqual([]);
    expect(
      briefProblemsOf(
        `version: 1\nservices:\n  - name: it's ${brackets}\n    address: tcp://192.0.2.1:80\n    destinations: [10.0.0.1]\n`,
      ),
    ).toEqual([]);
  });
});

describe('the check of characters', () => {
  it.each([
    ['a no-break space', '\u00a0', 'no-break space U+00A0'],
    ['an escape', '\u001b', 'character U+001B'],
    ['a zero-width space', '\u200b', 'character U+200B'],
    ['a text direction mark', '\u202e', 'character U+202E'],
    ['a byte order mark inside', '\ufeff', 'character U+FEFF'],
  ])('refuses %s', (_, character, name) => {
    const [problem] = briefProblemsOf(`version:${character}1\nservices: []\n`);
    expect(problem).toMatch(
      new RegExp(`^1:9 error CONTROL_CHARACTER: ${name.replace('+', '\\+')} in the text`),
    );
  });

  it('accepts all characters in comments', () => {
    expect(briefProblemsOf(`version: 1 # a\u00a0b\n# \u00a0\n${'services: []'}\n`)).toEqual([]);
  });

  it('accepts a byte order mark at the start, CRLF and other alphabets', () => {
    const { services, names } = desiredOf(
      '\ufeffversion: 1\r\nservices:\r\n  - address: tcp://192.0.2.1:80\r\n    name: Übergröße 店\r\n    destinations: [10.0.0.1]\r\n',
    );
    expect(services.size).toBe(1);
    expect([...names.values()]).toEqual(['Übergröße 店']);
  });

  it('refuses a tab in the indentation of YAML, and accepts it in JSON', () => {
    expect(briefProblemsOf('version: 1\nservices:\n\t- address: a\n')).toEqual([
      '3:1 error SYNTAX: a tab cannot indent => use spaces',
    ]);
    expect(briefProblemsOf('{\n\t"version": 1,\n\t"services": []\n}\n')).toEqual([]);
  });

  it('refuses the markers of a merge conflict by name', () => {
    expect(
      briefProblemsOf(
        'version: 1\n<<<<<<< HEAD\nservices: []\n=======\nservices: [a]\n>>>>>>> branch\n',
      ),
    ).toEqual(
      [2, 4, 6].map(
        (line) => `${line}:1 error SYNTAX: this is a merge conflict marker => resolve the conflict`,
      ),
    );
  });
});

describe('a syntax error', () => {
  it('shows how to quote an IPv6 address', () => {
    expect(
      problemsOf(
        'version: 1\nservices:\n  - address: tcp://192.0.2.1:80\n    destinations:\n      - address: [2001:db8::1]:80\n',
      ),
    ).toBe(
      [
        'c.yaml:5:18: error SYNTAX: an address in brackets starts a list in YAML',
        '5 |       - address: [2001:db8::1]:80',
        '  |                  ^',
        '  hint: quote it: "[2001:db8::1]:80"',
        '',
      ].join('\n'),
    );
  });

  it('shows how to quote an IPv6 address with a protocol in a flow mapping', () => {
    expect(
      briefProblemsOf('version: 1\nservices:\n  - { address: tcp://[2001:db8::1]:80 }\n'),
    ).toEqual([
      '3:16 error SYNTAX: an address in brackets starts a list in YAML => quote it: "tcp://[2001:db8::1]:80"',
    ]);
  });

  it('shows how to quote an IPv6 address without a port, which YAML reads as a list', () => {
    expect(
      briefProblemsOf(
        'version: 1\nservices:\n  - address: tcp://192.0.2.1:80\n    destinations: [{ address: [2001:db8::1] }]\n',
      ),
    ).toEqual([
      '4:31 error WRONG_TYPE: address is a list; it must be text => quote it: "[2001:db8::1]"',
    ]);
  });

  it.each([
    [
      'a second colon',
      'version: 1\nname: a: b\n',
      '2:7 error SYNTAX: there is a second ":" in a value',
    ],
    [
      'an open bracket',
      'version: 1\nservices: [a\n',
      '3:1 error SYNTAX: a "[" before this is not closed',
    ],
    [
      'an open brace',
      'version: 1\nservices: {a: 1\n',
      '3:1 error SYNTAX: a "{" before this is not closed',
    ],
    ['an open quote', 'version: 1\nservices: "a\n', '3:1 error SYNTAX: a quote is not closed'],
    [
      'a line between two levels',
      'version: 1\nservices:\n  - a: 1\n   b: 2\n',
      '4:4 error SYNTAX: this line is indented as an item',
    ],
    ['a bad escape', 'version: "\\d"\n', '1:11 error SYNTAX: this is not an escape sequence'],
    [
      'a character that cannot begin a value',
      'version: @a\n',
      '1:10 error SYNTAX: a plain value cannot start with this character',
    ],
    [
      'an alias without an anchor',
      'version: *a\n',
      '1:10 error SYNTAX: there is no anchor &a before this alias',
    ],
    ['a key that is a list', '[a]: 1\n', '1:1 error WRONG_TYPE: a key must be text'],
    ['an unknown tag', 'version: !a 1\n', '1:10 error TAG: tags are not allowed'],
    ['a known tag', 'version: !!str 1\nservices: []\n', '1:'],
    ['a tag of a list', 'version: 1\nservices: !!seq []\n', '2:'],
  ])('says in our own words that there is %s', (_, text, start) => {
    const [problem = ''] = briefProblemsOf(text);
    expect(problem.slice(0, start.length)).toBe(start);
    expect(problem).toMatch(/ (?:SYNTAX|TAG|WRONG_TYPE): /);
  });

  it('has its place in JSON, too', () => {
    expect(briefProblemsOf('{"version": 1,\n "services": [}', 'c.json')).toEqual([
      '2:15 error SYNTAX: a "[" before this is not closed, or what it holds is not indented => is a "]" missing?',
    ]);
  });
});

describe('the check of duplicate keys', () => {
  it('shows both places', () => {
    expect(problemsOf('version: 1\nservices: []\nversion: 1\n')).toBe(
      [
        'c.yaml:3:1: error DUPLICATE_KEY: the key "version" appears twice',
        '3 | version: 1',
        '  | ^',
        '  hint: remove one of them',
        '  note: first here: c.yaml:1:1',
        '1 | version: 1',
        '  | ^',
        '',
      ].join('\n'),
    );
  });

  it('finds them in JSON, where JSON.parse does not report them', () => {
    expect(
      briefProblemsOf(
        '{"version": 1, "services": [{"address": "tcp://192.0.2.1:80", "address": "a", "destinations": ["10.0.0.1"]}]}',
        'c.json',
      )[0],
    ).toBe('1:63 error DUPLICATE_KEY: the key "address" appears twice => remove one of them');
  });

  it('counts all problems of a mapping with very many keys', () => {
    const pools = Array.from({ length: 20_000 }, (_, index) => `  p${index}: []`).join('\n');
    expect(briefProblemsOf(`version: 1\nservices: []\npools:\n${pools}\n`).at(-1)).toMatch(
      /19950 more problems are not shown$/,
    );
  });
});

describe('the check of numbers', () => {
  it.each([
    '010',
    '0x50',
    '0o17',
    '8e1',
    '+80',
    '80.0',
    '.5',
    '1_0.0'.replace('_', ''),
    '-0',
    '.inf',
    '.nan',
    '1e400',
  ])('refuses %s, which other tools and people read as another value', (spelling) => {
    expect(briefProblemsOf(`version: ${spelling}\nservices: []\n`)[0]).toContain(
      `1:10 error NUMBER_SPELLING: ${spelling} is an ambiguous way`,
    );
  });

  it.each(['1.0', '1e0', '-0', '10E2'])('refuses %s in JSON too', (spelling) => {
    expect(briefProblemsOf(`{"version": ${spelling}, "services": []}`, 'c.json')[0]).toContain(
      '1:13 error NUMBER_SPELLING',
    );
  });

  it('shows the plain spelling of the number', () => {
    expect(briefProblemsOf('version: 0x1\nservices: []\n')).toEqual([
      '1:10 error NUMBER_SPELLING: 0x1 is an ambiguous way to write a number => write 1, or put it in quotes if it is text',
    ]);
  });
});

describe('an anchor', () => {
  it('is shared and merged in one file, and the keys beside the merge key have precedence', () => {
    const { services } = desiredOf(
      [
        'version: 1',
        'services:',
        '  - &web',
        '    address: tcp://192.0.2.1:80',
        '    scheduler: rr',
        '    destinations: &eu [10.0.0.1, 10.0.0.2]',
        '  - <<: *web',
        '    address: tcp://192.0.2.1:81',
        '  - <<: [{ address: tcp://192.0.2.1:82, scheduler: sh }, *web]',
        '  - { address: fwmark:1, destinations: *eu }',
        '',
      ].join('\n'),
    );
    expect(
      [...services.values()].map(({ service, destinations }) => [
        service.key,
        service.scheduler,
        destinations.size,
      ]),
    ).toEqual([
      ['tcp://192.0.2.1:80', 'rr', 2],
      ['tcp://192.0.2.1:81', 'rr', 2],
      ['tcp://192.0.2.1:82', 'sh', 2],
      ['fwmark:1', 'wlc', 2],
    ]);
  });

  it('with a mistake shows it at the anchor, and not at its aliases', () => {
    const text =
      'version: 1\nservices:\n  - &a { address: tcp://192.0.2.1:80, sched: rr, destinations: [] }\n  - { <<: *a, address: tcp://192.0.2.1:81 }\n';
    expect(briefProblemsOf(text).filter((line) => line.includes('error'))).toEqual([
      '3:39 error UNKNOWN_KEY: a service has no key "sched" => did you mean "scheduler"?',
    ]);
  });

  it('can be merged only as a mapping, and only once', () => {
    expect(briefProblemsOf('version: 1\nservices: []\nlimits: { <<: 5 }\n')).toEqual([
      '3:15 error WRONG_TYPE: << merges mappings only => write <<: *anchor of a mapping, or a list of them',
    ]);
    expect(briefProblemsOf('version: 1\nservices: []\nlimits: { <<: {}, <<: {} }\n')[0]).toMatch(
      /^3:19 error DUPLICATE_KEY/,
    );
  });

  it('is refused when its aliases expand it too often', () => {
    const bomb = [
      'a0: &a0 [x]',
      ...Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}, *a${n}]`),
      'version: 1',
      '',
    ].join('\n');
    expect(briefProblemsOf(bomb).filter((line) => line.includes('ALIAS_LIMIT'))).toHaveLength(1);
    const uses = (count: number) =>
      `version: 1\nservices: []\npools: { a: &a [10.0.0.1], b: [${new Array(count).fill('*a').join(', ')}] }\n`;
    expect(briefProblemsOf(uses(101))[0]).toMatch(
      /ALIAS_LIMIT: aliases expand the content of &a more than 100 times => use profiles and pools/,
    );
    expect(briefProblemsOf(uses(100)).some((line) => line.includes('ALIAS_LIMIT'))).toBe(false);
  });

  it('cannot contain its own alias', () => {
    expect(briefProblemsOf('version: 1\nservices: &a [*a]\n')[0]).toBe(
      '2:15 error SYNTAX: there is no anchor &a before this alias => mark the value with &a first',
    );
  });
});

describe('a long list of problems', () => {
  it('is cut to fifty, errors first, with the number of the others', () => {
    const services = Array.from(
      { length: 70 },
      (_, n) => `  - { address: "tcp://192.0.2.${n}:80", foo: 1 }`,
    ).join('\n');
    const lines = briefProblemsOf(`version: 1\nservices:\n${services}\n`);
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toBe('52:39 error MORE: 20 more problems are not shown');
  });
});
