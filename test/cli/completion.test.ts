import { execFileSync } from 'node:child_process';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { placeholderOf, VALUE_KINDS } from '../../src/cli/completion/values.ts';
import type { Environment } from '../../src/cli/environment.ts';
import { loadVerbs } from '../../src/cli/verbs.ts';
import { PAGES } from '../../src/manual/pages.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';
import { type CliOptions, runCli } from '../support/run-cli.ts';
import { tableOf } from '../support/tables.ts';
import { temporaryState } from '../support/temporary-state.ts';
import { shop, type Workspace } from './workspace.ts';

const VERBS = (await loadVerbs([])).filter(({ job }) => job !== 'hidden');

const KERNEL = tableOf({
  'tcp://192.0.2.10:443': { destinations: { '10.1.0.99:443': 1 } },
  'udp://[2001:db8::1]:53': { destinations: { '[2001:db8::53]:53': 1 } },
  'fwmark:7': { destinations: { '10.1.0.7:0': 1 } },
});

/** A kernel with a table that nothing may change. */
async function openKernel(): Promise<Ipvs> {
  const ipvs = openEmbeddedTable(KERNEL);
  return { ...ipvs, execute: () => Promise.reject(new Error('completion never writes')) };
}

interface Answer {
  readonly kind: string;
  readonly words: readonly string[];
  readonly abouts: readonly string[];
}

/** Completes the last word of a line. Without options, there is no kernel. */
async function complete(line: string, options?: CliOptions, space?: Workspace): Promise<Answer> {
  const run = space?.run ?? runCli;
  const { status, stdout, stderr } = await run(['complete', '--', ...line.split(' ')], options);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const [kind = '', ...lines] = stdout.slice(0, -1).split('\n');
  return {
    kind,
    words: lines.filter((_, at) => at % 2 === 0),
    abouts: lines.filter((_, at) => at % 2 === 1),
  };
}

describe('completion', () => {
  it('knows all verbs and what they do', async () => {
    const { words, abouts } = await complete('');
    for (const { name, summary } of VERBS) expect(abouts[words.indexOf(name)]).toBe(summary);
    expect(words).toContain('ipvsadm');
    expect(words.filter((word) => !word.startsWith('-'))).toHaveLength(VERBS.length + 1);
  });

  it.each([
    ['pl', ['plan']],
    ['--v', ['--version']],
    ['plan --det', ['--detailed-exitcode']],
    ['plan --he', ['--help']],
    ['plan --nosuch', []],
    ['try --ta', []],
    ['plan -o ', ['text', 'json', 'markdown', 'ipvsadm']],
    ['plan -qo j', ['json']],
    ['plan --output=j', ['--output=json']],
    ['apply --on-error st', ['stop']],
    ['schema err', ['error']],
    ['schema config ', ['--color', '--quiet', '--help']],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['plan --lock', []],
    ['apply --lock-timeout ', []],
    ['plan -- --', []],
    ['nosuch ', []],
    ['complete ', []],
    ['guard-try ', []],
  ])('of "%s" is %j', async (line, words) => {
    expect(await complete(line)).toMatchObject({ kind: 'words', words });
  });

  it('of a topic is a verb or a page', async () => {
    const { words } = await complete('help ');
    expect(words).toEqual(expect.arrayContaining(['plan', 'ipvsadm', ...Object.keys(PAGES)]));
  });

  it.each(['plan -f ', 'plan --table=', 'apply ', 'apply -y some', 'import ', 'plan --save x'])(
    'of "%s" is left to the shell, which knows the files',
    async (line) => {
      expect(await complete(line)).toMatchObject({ kind: 'files', words: [] });
    },
  );

  it.each(VERBS)('knows what each value of $name is', async (verb) => {
    const program = new Command();
    verb.addTo(program, {} as Environment, () => {});
    const [command] = program.commands;
    const options = (command?.options ?? []).filter(
      ({ argChoices, required, hidden }) => required && !argChoices && !hidden,
    );
    const unknown = [
      ...options
        .filter(({ long }) => VALUE_KINDS[long ?? ''] === undefined)
        .map(({ flags }) => placeholderOf(flags)),
      ...(command?.registeredArguments ?? [])
        .filter(({ argChoices }) => !argChoices)
        .map((argument) => argument.name()),
    ].filter((name) => VALUE_KINDS[name] === undefined);
    expect(unknown).toEqual([]);
  });
});

describe('completion of runs', () => {
  it.each(['history show ', 'rollback --to ', 'rollback --to='])(
    'knows the newest runs of the journal for "%s"',
    async (line) => {
      const state = temporaryState();
      const options = { state, openKernel: async () => openEmbeddedTable(tableOf({})) };
      for (let mark = 1; mark <= 21; mark++) {
        state.clock.pass(60);
        await runCli(['ipvsadm', '-A', '-f', `${mark}`], options);
      }
      const { words, abouts } = await complete(line, { state });
      expect(words).toHaveLength(20);
      const [, id = ''] = /([^=]*)$/.exec(words[0] ?? '') ?? [];
      const shown = await runCli(['history', 'show', id], { state });
      expect(shown.stdout).toContain('+ fwmark:21');
      expect(abouts[0]).toMatch(/^ipvsadm of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    },
  );

  it('knows none when there is no journal', async () => {
    expect(await complete('history show ', { state: temporaryState() })).toMatchObject({
      words: [],
    });
    expect(await complete('history s')).toMatchObject({ words: ['show'] });
  });
});

describe('completion of services', () => {
  const files = ['tcp://192.0.2.10:443', 'shop'];

  it('has those of the files and of the live table, once', async () => {
    const { words, abouts } = await complete('plan -f ./shop.yaml --only ', { openKernel }, shop());
    expect(words).toEqual([...files, 'udp://[2001:db8::1]:53', 'fwmark:7']);
    expect(abouts).toEqual(['shop', 'tcp://192.0.2.10:443', '', '']);
  });

  it.each([
    ['only those of the files without IPVS', 'plan -f ./shop.yaml --only ', undefined, files],
    [
      'those of a saved table',
      'plan -f ./shop.yaml --table ./udp.save --only u',
      undefined,
      ['udp://192.0.2.9:53'],
    ],
    [
      'no live ones beside a saved table',
      'plan --table ./udp.save --only ',
      { openKernel },
      ['udp://192.0.2.9:53'],
    ],
    [
      'no live ones of another namespace',
      'plan -f ./shop.yaml --netns blue --only ',
      { openKernel },
      files,
    ],
    ['those with the beginning', 'check -f ./shop.yaml --only=sh', undefined, ['--only=shop']],
    [
      'the live ones beside a bad file',
      'plan -f ./bad.yaml --only fw',
      { openKernel },
      ['fwmark:7'],
    ],
    [
      'the live ones beside a missing file',
      'plan -f ./none --only fw',
      { openKernel },
      ['fwmark:7'],
    ],
    ['the live ones beside stdin', 'plan -f - --only fw', { openKernel, stdin: 'x' }, ['fwmark:7']],
  ])('has %s', async (_, line, options, words) => {
    const space = shop({
      'udp.save': '-A -u 192.0.2.9:53 -s rr\n',
      'bad.yaml': 'version: 1\nservices: {',
    });
    expect(await complete(line, options, space)).toMatchObject({ kind: 'words', words });
  });

  it.each([
    [
      'the destinations of the named service',
      'drain shop ',
      ['10.1.0.11:443', '10.1.0.12:443', '10.1.0.99:443'],
    ],
    ['those of an address', 'drain udp://[2001:db8::1]:53 ', ['[2001:db8::53]:53']],
    ['further ones', 'undrain shop 10.1.0.11 10.1.0.9', ['10.1.0.99:443']],
    ['none of an unknown service', 'drain nosuch ', []],
    ['all destinations with --all-services', 'drain --all-services 10.1.0.7', ['10.1.0.7:0']],
    ['also after the first', 'drain --all-services 10.1.0.7 [', ['[2001:db8::53]:53']],
    ['services after `clear`', 'overrides clear sh', ['shop']],
    ['and then destinations', 'overrides clear shop 10.1.0.12', ['10.1.0.12:443']],
    ['a service to explain', 'explain sh', ['shop']],
  ])('has %s', async (_, line, words) => {
    const [verb, ...rest] = line.split(' ');
    const answer = await complete(
      `${verb} -f ./shop.yaml ${rest.join(' ')}`,
      { openKernel },
      shop(),
    );
    expect(answer).toMatchObject({ kind: 'words', words });
  });

  it('of diff has the live table beside the files', async () => {
    expect(await complete('diff a.yaml l')).toMatchObject({ kind: 'files', words: ['live'] });
  });

  it('never waits for a pipe', async () => {
    const space = shop();
    execFileSync('mkfifo', [space.path('pipe')]);
    expect((await complete('plan -f ./pipe --only ', undefined, space)).words).toEqual([]);
  });

  it('has none, and no message, when the kernel refuses to answer', async () => {
    const refuse = () => Promise.reject(new Error('not permitted'));
    const space = shop();
    const line = 'plan -f ./shop.yaml --only ';
    expect((await complete(line, { openKernel: refuse }, space)).words).toEqual(files);
    const closing = { isClosed: false };
    const failing = async (): Promise<Ipvs> => ({
      ...(await openKernel()),
      read: refuse,
      close: () => {
        closing.isClosed = true;
      },
    });
    expect((await complete(line, { openKernel: failing }, space)).words).toEqual(files);
    expect(closing.isClosed).toBe(true);
  });
});

describe('completion of ipvsadm', () => {
  it.each([
    ['', ['--add-service', '-A', '--edit-service', '-E'], 'begins'],
    ['--add-s', ['--add-service', '--add-server'], 'is'],
    ['-A --sch', ['--scheduler', '--sched-flags'], 'is'],
    ['-L --pers', ['--persistent-conn'], 'is'],
    ['-a -t 192.0.2.10:443 --pers', [], 'is'],
    ['-A -s w', ['wrr', 'wlc'], 'is'],
    ['-A -b mh', ['mh-fallback', 'mh-port'], 'is'],
    ['-A --pe ', ['sip'], 'is'],
    ['-a --tun-type g', ['gue', 'gre'], 'is'],
    ['--start-daemon ', ['master', 'backup'], 'is'],
    ['-D -t ', ['192.0.2.10:443'], 'is'],
    ['-D --udp-service [', ['[2001:db8::1]:53'], 'is'],
    ['-D -f ', ['7'], 'is'],
    ['-d -u [2001:db8::1]:53 -r ', ['[2001:db8::53]:53'], 'is'],
    ['-d -f 7 --real-server ', ['10.1.0.7:0'], 'is'],
    ['-d -r ', [], 'is'],
    ['-A -w ', [], 'is'],
  ])('of "%s" is %j', async (line, expected, how) => {
    const { words } = await complete(`ipvsadm ${line}`, { openKernel });
    expect(how === 'is' ? words : words.slice(0, expected.length)).toEqual(expected);
  });
});
