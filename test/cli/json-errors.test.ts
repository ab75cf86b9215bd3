import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import type { Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { IpvstateError } from '../../src/errors.ts';
import { takeLock } from '../../src/recovery/lock.ts';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import type { CliOptions, CliResult } from '../support/run-cli.ts';
import { tableOf } from '../support/tables.ts';
import { type TemporaryState, temporaryState } from '../support/temporary-state.ts';
import { LIVE, SHOP, shop, type Workspace } from './workspace.ts';

const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
for (const name of readdirSync('schemas'))
  ajv.addSchema(JSON.parse(readFileSync(`schemas/${name}`, 'utf8')));

interface ErrorDocument {
  readonly error: { readonly code: string; readonly message: string; readonly exit_code: number };
  readonly issues?: readonly unknown[];
}

/** Parses stdout, which has to be one document that its schema describes. */
function documentOf<T = Record<string, unknown>>({ stdout }: CliResult): T {
  const document = JSON.parse(stdout);
  const kind = /^ipvstate-(\w+)$/.exec(document.format)?.[1] ?? 'config';
  const validate = ajv.getSchema(`urn:ipvstate:schema:${kind}:1`);
  expect(validate, kind).toBeDefined();
  validate?.(document);
  expect(validate?.errors ?? []).toEqual([]);
  return document;
}

/** Expects the document of an error that agrees with the exit status and with stderr. */
function expectError(result: CliResult, code: string, status: number): ErrorDocument {
  const document = documentOf<ErrorDocument>(result);
  expect(document).toMatchObject({
    format: 'ipvstate-error',
    version: 1,
    error: { code, exit_code: status },
  });
  expect(result.status).toBe(status);
  expect(result.stderr).toContain(document.error.message.replaceAll(/\/tmp\/[^/]*\//g, ''));
  return document;
}

/** Every verb that prints JSON, with a command line of it for files and for the kernel. */
const VERBS = {
  validate: 'validate -f ./shop.yaml',
  plan: 'plan -f ./shop.yaml',
  apply: 'apply -f ./shop.yaml',
  try: 'try -f ./shop.yaml --no-wait',
  rollback: 'rollback',
  check: 'check -f ./shop.yaml',
  diff: 'diff ./shop.yaml live',
  show: 'show ./shop.plan',
  status: 'status --control-socket ./control.sock',
  top: 'top',
  health: 'health --control-socket ./control.sock',
  history: 'history',
  explain: 'explain shop -f ./shop.yaml',
  export: 'export',
  import: 'import ./shop.yaml',
  doctor: 'doctor -f ./shop.yaml',
  drain: 'drain shop 10.1.0.11 -f ./shop.yaml',
  undrain: 'undrain shop 10.1.0.11 -f ./shop.yaml',
  weight: 'weight shop 10.1.0.11 3 -f ./shop.yaml',
  overrides: 'overrides clear -f ./shop.yaml',
  push: 'push -f ./shop.yaml --to etcd://127.0.0.1:1/shop',
  generations: 'generations etcd://127.0.0.1:1/shop',
  fleet: 'fleet status etcd://127.0.0.1:1/shop',
};
const line = (verb: keyof typeof VERBS): string => `${VERBS[verb]} -o json`;

const OVERRIDES = ['drain', 'undrain', 'weight', 'overrides'] as const;
const READ_FILES = [
  'validate',
  'plan',
  'apply',
  'try',
  'check',
  'explain',
  'import',
  'doctor',
  'push',
  ...OVERRIDES,
] as const;
/** The verbs that print the issues of invalid files in their own document. */
const PRINT_ISSUES: readonly string[] = ['validate', 'doctor'];
const READ_KERNEL = ['plan', 'apply', 'try', 'check', 'export', 'top', ...OVERRIDES] as const;
const WRITE_KERNEL = ['apply', 'try', 'rollback', ...OVERRIDES] as const;

function inKernel(state: TemporaryState = temporaryState()): CliOptions {
  const kernel = openMisbehavingTable(tableOf({}));
  return { state, openKernel: async () => kernel };
}

it('is about every verb that prints JSON', async () => {
  const output = {} as never;
  const program = await buildProgram([], { output, version: '' } as never, () => {});
  const verbs = program.commands.filter(({ options }) =>
    options.some(
      (option: Option) => option.long === '--output' && option.argChoices?.includes('json'),
    ),
  );
  expect(verbs.map((verb) => verb.name()).sort()).toEqual(Object.keys(VERBS).sort());
});

describe('a verb with -o json prints one document', () => {
  it.each(READ_FILES)('when a file of %s is missing', async (verb) => {
    const { run } = shop();
    const result = await run(line(verb).replace('shop.yaml', 'gone.yaml'), inKernel());
    expectError(result, 'NO_INPUT', 66);
  });

  it('when a table of export is missing or has errors', async () => {
    const { run } = shop({ 'bad.yaml': 'version: 9\n' });
    expectError(await run('export --table ./gone.save -o json'), 'NO_INPUT', 66);
    const { issues } = expectError(await run('export --table ./bad.yaml -o json'), 'CONFIG', 65);
    expect(issues).toContainEqual(expect.objectContaining({ code: 'VERSION' }));
  });

  it.each(READ_FILES)('when a file of %s is invalid, with the issues', async (verb) => {
    const { run } = shop({ 'shop.yaml': SHOP.replace('scheduler: wlc', 'schedule: wlc') });
    const result = await run(line(verb), inKernel());
    expect(result.status).toBe(65);
    const document = documentOf<ErrorDocument>(result);
    if (!PRINT_ISSUES.includes(verb)) expectError(result, 'CONFIG', 65);
    expect(document.issues).toMatchObject([{ code: 'UNKNOWN_KEY', severity: 'error' }]);
  });

  it.each(WRITE_KERNEL)('when another process holds the lock of %s', async (verb) => {
    const state = temporaryState();
    const lock = await takeLock(state.lockPath, { command: 'ipvstate watch' });
    expectError(await shop().run(line(verb), inKernel(state)), 'LOCKED', 75);
    await lock.release();
  });

  it.each(WRITE_KERNEL)('when a record of %s cannot be read', async (verb) => {
    const state = temporaryState();
    mkdirSync(`${state.runtime}/try.json`, { recursive: true });
    expectError(await shop().run(line(verb), inKernel(state)), 'IO', 74);
  });

  it.each(['apply', 'try'] as const)('when a try is pending at the start of %s', async (verb) => {
    const options = inKernel();
    const { run } = shop();
    expect(documentOf(await run(line('try'), options))).toMatchObject({
      format: 'ipvstate-report',
      try: { state: 'pending' },
    });
    expectError(await run(line(verb), options), 'REFUSED', 3);
  });

  it.each(['push', 'generations', 'fleet'] as const)(
    'when etcd does not answer %s',
    async (verb) => {
      expectError(await shop().run(line(verb)), 'NO_INPUT', 66);
    },
  );

  it('when there is nothing to roll back', async () => {
    expectError(await shop().run(line('rollback'), inKernel()), 'REFUSED', 3);
  });

  it('when no daemon runs', async () => {
    expectError(await shop().run(line('status')), 'UNAVAILABLE', 69);
  });

  it.each(READ_KERNEL)('when %s has no permission', async (verb) => {
    const openKernel = async () => {
      throw new IpvstateError('PERMISSION', 'no permission', { hint: 'Run as root.' });
    };
    const options = { state: temporaryState(), openKernel };
    expectError(await shop().run(line(verb), options), 'PERMISSION', 77);
  });

  it.each(READ_KERNEL)('when %s meets a bug', async (verb) => {
    const openKernel = async () => {
      throw new TypeError('x is not a function');
    };
    const options = { state: temporaryState(), openKernel };
    const document = expectError(await shop().run(line(verb), options), 'INTERNAL', 1);
    expect(document.error.message).toBe('this is a bug: x is not a function');
  });

  it.each(['apply', 'try'] as const)('when the plan of %s is stale', async (verb) => {
    const options = inKernel();
    const { run, write } = shop();
    await run('plan -f ./shop.yaml --save ./shop.plan', options);
    write('shop.yaml', `${SHOP}# edited\n`);
    const more = verb === 'try' ? ' --no-wait' : '';
    expectError(await run(`${verb} ./shop.plan${more} -o json`, options), 'STALE', 4);
  });

  it('when a guard refuses the plan', async () => {
    const { run } = shop({ 'shop.yaml': 'version: 1\nservices: []\n' });
    const result = await run('plan -f ./shop.yaml --table ./live.save -o json');
    expect(documentOf(result)).toMatchObject({ refusals: [{ guard: 'empty' }] });
    expect(result.status).toBe(3);
  });

  it('when the plan cannot be saved, and not the plan as well', async () => {
    const result = await shop().run(
      'plan -f ./shop.yaml --table ./live.save --save ./nowhere/shop.plan -o json',
    );
    expectError(result, 'IO', 74);
  });

  it.each(Object.keys(VERBS) as (keyof typeof VERBS)[])(
    'when %s gets an option that it does not have',
    async (verb) => {
      expectError(await shop().run(`${line(verb)} --bogus`), 'USAGE', 64);
      expectError(await shop().run(`${verb} --bogus -ojson`), 'USAGE', 64);
    },
  );

  it.each(['import -o json', 'plan --output=json --max-service-deletes x', 'apply -qo json -f'])(
    'when the command line is wrong: %s',
    async (words) => {
      expectError(await shop().run(words), 'USAGE', 64);
    },
  );
});

describe('a verb with -o json', () => {
  it('prints help and nothing else when help is asked for', async () => {
    const { status, stdout } = await shop().run('plan -o json --help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Usage: ipvstate plan/);
  });

  it('prints its document unchanged when all is well', async () => {
    const space: Workspace = shop();
    const results = [
      await space.run('validate -f ./shop.yaml -o json'),
      await space.run('plan -f ./shop.yaml --table ./live.save -o json'),
      await space.run('export --table ./live.save -o json'),
      await space.run('import ./shop.yaml -o json'),
      await space.run('apply -f ./shop.yaml --table ./live.save -o json'),
    ];
    expect(results.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0]);
    expect(results.map((result) => documentOf(result).format)).toEqual([
      'ipvstate-validation',
      'ipvstate-plan',
      undefined,
      undefined,
      'ipvstate-report',
    ]);
  });

  it('changes no table when it fails', async () => {
    const { run, read } = shop();
    await run('apply -f ./shop.yaml --table ./live.save --bogus -o json');
    expect(read('live.save')).toBe(LIVE);
  });
});
