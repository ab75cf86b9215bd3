import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import errorSchema from '../../schemas/error.schema.json' with { type: 'json' };
import type { Exits } from '../../src/cli/declare/exit-groups.ts';
import { exitCodesOf } from '../../src/cli/declare/verb-help.ts';
import { loadVerbs } from '../../src/cli/verbs.ts';
import { type ErrorCode, IpvstateError } from '../../src/errors.ts';
import { EXIT, exitCodeOfError, SIGNAL_MEANING } from '../../src/render/exit.ts';
import { runCli } from '../support/run-cli.ts';

const text = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Items of a list in a page of the manual that begin with one or more codes. */
function codes(page: string): { readonly codes: readonly string[]; readonly meaning: string }[] {
  const items = text(`src/manual/${page}`).matchAll(
    /^- ((?:`[A-Z_0-9]+`(?:, )?)+)(.*(?:\n {2}.*)*)/gm,
  );
  return [...items].map(([, marked = '', meaning = '']) => ({
    codes: [...marked.matchAll(/`(.*?)`/g)].map(([, code]) => code ?? ''),
    meaning,
  }));
}

/** Members of a union of string literals, read from its source. */
function members(path: string, type: string): string[] {
  const code = text(path).replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
  const [, body = ''] = new RegExp(`export type ${type} =([^;]*);`).exec(code) ?? [];
  return [...body.matchAll(/'([A-Z_0-9]+)'/g)].map(([, name]) => name ?? '');
}

const verbs = await loadVerbs([]);

describe('exit codes', () => {
  const items = codes('exit-codes.md');
  const named = items.filter(({ codes }) => codes.length === 1);

  it('has the same exit codes in the program and in the manual', () => {
    const documented = named.map(({ codes: [code], meaning }) => [
      /^ ([a-z-]+):/.exec(meaning)?.[1],
      Number(code),
    ]);
    expect(Object.fromEntries(documented)).toEqual(EXIT);
  });

  it('has the exit codes of signals in the manual', () => {
    expect(items.flatMap(({ codes }) => (codes.length > 1 ? codes : []))).toEqual(['130', '143']);
  });

  it('has no exit code twice', () => {
    expect(new Set(Object.values(EXIT)).size).toBe(Object.keys(EXIT).length);
  });

  it('has all exit codes in the help, in the words with which the manual begins', async () => {
    const { stdout } = await runCli(['help']);
    const shown = Object.fromEntries(
      [...stdout.matchAll(/^ {2}(\d+) +(\S.*)$/gm)].map(([, code, meaning]) => [code, meaning]),
    );
    expect(Object.keys(shown).map(Number)).toEqual(Object.values(EXIT));
    for (const {
      codes: [code = ''],
      meaning,
    } of named) {
      const words = meaning.replaceAll(/\s+/g, ' ').replace(/^ [a-z-]+: /, '');
      expect(words.slice(shown[code]?.length)).toMatch(/^[.,]/);
      expect(words.slice(0, shown[code]?.length)).toBe(shown[code]);
    }
    expect(stdout).toContain(`130, 143  ${SIGNAL_MEANING}\n`);
    expect(text('src/manual/exit-codes.md')).toContain(`${SIGNAL_MEANING}, and`);
  });

  it.each(verbs)('lists the exit codes of $name in its help, once', async (verb) => {
    const { stdout } = await runCli([verb.name, '--help']);
    const listed = stdout.slice(stdout.indexOf('Exit codes:')).matchAll(/^ {2}(\d+)/gm);
    const codes = [...listed].map(([, code]) => Number(code));
    const declared = Object.keys(verb.exits).map((name) => exitCodesOf(name as keyof Exits)[0]);
    expect(codes).toEqual(declared.toSorted((a = 0, b = 0) => a - b));
    expect(codes).toEqual(expect.arrayContaining([EXIT.ok, EXIT.internal, EXIT.usage, EXIT.io]));
  });

  it('gives each error code an exit code that means neither success nor a bug', () => {
    const codes = members('src/errors.ts', 'ErrorCode');
    expect(codes).toContain('USAGE');
    expect(codes.length).toBeGreaterThan(10);
    for (const code of codes.filter((name) => name !== 'INTERNAL')) {
      const exitCode = exitCodeOfError(new IpvstateError(code as ErrorCode, 'message'));
      expect(Object.values(EXIT), code).toContain(exitCode);
      expect([EXIT.ok, EXIT.internal, EXIT.changes], code).not.toContain(exitCode);
    }
  });

  it('has all error codes in the schema of errors', () => {
    const { code } = errorSchema.properties.error.properties;
    expect(code.enum).toEqual(members('src/errors.ts', 'ErrorCode'));
  });

  it('gives any other error the exit code of a bug', () => {
    const reported = new IpvstateError('INTERNAL', 'a bug of a daemon');
    for (const error of [new Error('a bug'), new TypeError('null'), 'text', undefined, reported])
      expect(exitCodeOfError(error)).toBe(EXIT.internal);
  });

  it('never changes the number of an exit code', () => {
    expect(EXIT).toMatchObject({
      ok: 0,
      internal: 1,
      changes: 2,
      refused: 3,
      stale: 4,
      'rolled-back': 5,
      partial: 6,
      unverified: 7,
    });
    expect(EXIT).toMatchObject({
      usage: 64,
      config: 65,
      noinput: 66,
      unavailable: 69,
      io: 74,
      noperm: 77,
    });
  });
});

describe('codes of issues', () => {
  const items = codes('issue-codes.md');

  it('has the same issue codes in the program and in the manual, in the same order', () => {
    const declared = members('src/model/issue.ts', 'IssueCode');
    expect(declared.length).toBeGreaterThan(30);
    expect(items.flatMap(({ codes }) => codes)).toEqual(declared);
  });

  it('explains each issue code in the manual', () => {
    for (const { codes, meaning } of items)
      expect(meaning.length, codes.join()).toBeGreaterThan(10);
  });
});
