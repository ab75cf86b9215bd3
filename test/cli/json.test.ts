import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { describe, expect, it } from 'vitest';
import { examples } from '../support/examples.ts';
import { DONE, LIVE, shop, workspace } from './workspace.ts';

const schema = (name: string): object =>
  JSON.parse(readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8'));

const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
const validators = Object.fromEntries(
  ['plan', 'report'].map((name) => [
    name,
    () => ajv.getSchema(`${(schema(name) as { $id: string }).$id}`),
  ]),
);
for (const name of ['plan', 'report']) ajv.addSchema(schema(name));

/** Parses a document after it has passed its schema. */
function valid(name: 'plan' | 'report', text: string): Record<string, unknown> {
  const validate = validators[name]?.() as ValidateFunction;
  const document: unknown = JSON.parse(text);
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  expect(text.endsWith('}\n')).toBe(true);
  return document as Record<string, unknown>;
}

describe('the schema of plans', () => {
  it.each(examples())('holds for example $name', async ({ config, live }) => {
    const { run } = workspace({ 'live.save': readFileSync(live, 'utf8') });
    const plan = valid(
      'plan',
      (await run(['plan', '-f', config, '--table', './live.save', '-o', 'json'])).stdout,
    );
    expect(plan.noop).toBe(false);
    const saved = await run([
      'plan',
      '-f',
      config,
      '--table',
      './live.save',
      '--save',
      './plan.json',
      '-o',
      'json',
    ]);
    expect(valid('plan', saved.stdout)).toEqual(plan);
  });

  it('holds for a saved plan, which adds its binding to the printed plan', async () => {
    const { run, read, folder } = shop();
    const printed = await run('plan -f ./shop.yaml --table ./live.save -o json --save ./plan.json');
    const { saved, ...rest } = valid('plan', read('plan.json'));
    // Positions in the file have the full path, which `run` removes from the printed plan.
    expect(JSON.stringify(rest).replaceAll(`${folder}/`, '')).toBe(
      JSON.stringify(JSON.parse(printed.stdout)),
    );
    expect(saved).toMatchObject({ files: [{ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }] });
  });

  it('holds for check, and `noop` agrees with the exit code', async () => {
    const { run } = shop({ 'done.save': DONE });
    for (const [table, status] of [
      ['./live.save', 2],
      ['./done.save', 0],
    ] as const) {
      const checked = await run(`check -f ./shop.yaml --table ${table} -o json`);
      expect(checked.status).toBe(status);
      expect(valid('plan', checked.stdout).noop).toBe(status === 0);
    }
  });

  it('rejects a document that is not a plan', () => {
    expect(() => valid('plan', '{"format":"ipvstate-plan"}\n')).toThrow();
  });
});

describe('the schema of reports', () => {
  it.each(examples())('holds for example $name', async ({ config, live }) => {
    const { run } = workspace({ 'live.save': readFileSync(live, 'utf8') });
    const apply = ['apply', '-f', config, '--table', './live.save', '-o', 'json'];
    const first = await run(apply);
    expect(valid('report', first.stdout)).toMatchObject({
      outcome: 'applied',
      exit_code: first.status,
      failures: [],
      differences: [],
    });
  });

  it('holds for a run without changes', async () => {
    const { run } = shop({ 'live.save': DONE });
    const { status, stdout } = await run(
      'apply -f ./shop.yaml --table ./live.save -o json --detailed-exitcode',
    );
    expect(valid('report', stdout)).toMatchObject({
      outcome: 'in-sync',
      exit_code: status,
      changes: [],
    });
    expect(status).toBe(0);
  });

  it('holds for a run that the operator declined', async () => {
    const { run, read } = shop();
    const { status, stdout } = await run('apply -f ./shop.yaml --table ./live.save -o json', {
      answer: 'n',
    });
    expect(valid('report', stdout)).toMatchObject({
      outcome: 'declined',
      exit_code: status,
      operations_done: 0,
    });
    expect(status).toBe(3);
    expect(read('live.save')).toBe(LIVE);
  });

  it('holds for a run that exits 2 with --detailed-exitcode', async () => {
    const { status, stdout } = await shop().run(
      'apply -f ./shop.yaml --table ./live.save -o json --detailed-exitcode',
    );
    expect(valid('report', stdout)).toMatchObject({ outcome: 'applied', exit_code: 2 });
    expect(status).toBe(2);
  });
});

describe('JSON and text', () => {
  it('show the same numbers of changes and operations', async () => {
    const { run } = shop();
    const plan = valid(
      'plan',
      (await run('plan -f ./shop.yaml --table ./live.save -o json')).stdout,
    );
    const text = (await run('plan -f ./shop.yaml --table ./live.save')).stdout;
    expect(plan).toMatchObject({
      summary: { destinations: { add: 1, delete: 1, edit: 0 }, services: { add: 0 } },
    });
    expect(text).toContain('1 destination to add, 1 destination to delete (2 operations)');
    const waves = plan.waves as { operations: { ipvsadm: string }[] }[];
    const lines = waves
      .flatMap(({ operations }) => operations.map(({ ipvsadm }) => `${ipvsadm}\n`))
      .join('');
    expect((await run('plan -f ./shop.yaml --table ./live.save -o ipvsadm')).stdout).toBe(lines);
  });

  it('agree with the exit code about a file that is not valid, also with --strict', async () => {
    const { run } = workspace({
      'odd.yaml': 'version: 1\nservices: [{ address: "tcp://192.0.2.1:80", scheduler: rr }]\n',
    });
    const lenient = await run('validate -f ./odd.yaml -o json');
    expect(lenient.status).toBe(0);
    expect(JSON.parse(lenient.stdout)).toMatchObject({
      valid: true,
      issues: [{ severity: 'warning' }],
    });
    const strict = await run('validate -f ./odd.yaml -o json --strict');
    expect(strict.status).toBe(65);
    expect(JSON.parse(strict.stdout)).toMatchObject({ valid: false });
    expect((await run('validate -f ./odd.yaml --strict')).stdout).toContain(
      'Not valid: 1 file, 1 service, 0 errors, 1 warning.',
    );
  });
});
