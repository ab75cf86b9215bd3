import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ErrorCode, IpvstateError } from '../../src/errors.ts';
import { EXIT, exitCodeOfError } from '../../src/render/exit.ts';
import { runCli } from '../support/run-cli.ts';

const text = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The items of a list in a page of the manual whose text begins with `code`. */
function codes(page: string): { readonly codes: readonly string[]; readonly meaning: string }[] {
  const items = text(`src/manual/${page}`).matchAll(
    /^- ((?:`[A-Z_0-9]+`(?:, )?)+)(.*(?:\n {2}.*)*)/gm,
  );
  return [...items].map(([, marked = '', meaning = '']) => ({
    codes: [...marked.matchAll(/`(.*?)`/g)].map(([, code]) => code ?? ''),
    meaning,
  }));
}

/** The members of a union of string literals, as its source has them. */
function members(path: string, type: string): string[] {
  const code = text(path).replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
  const [, body = ''] = new RegExp(`export type ${type} =([^;]*);`).exec(code) ?? [];
  return [...body.matchAll(/'([A-Z_0-9]+)'/g)].map(([, name]) => name ?? '');
}

describe('exit codes', () => {
  const items = codes('exit-codes.md');
  const named = items.filter(({ codes }) => codes.length === 1);

  it('are the same in the program and in the manual', () => {
    const documented = named.map(({ codes: [code], meaning }) => [
      /^ ([a-z-]+):/.exec(meaning)?.[1],
      Number(code),
    ]);
    expect(Object.fromEntries(documented)).toEqual(EXIT);
  });

  it('of signals are in the manual', () => {
    expect(items.flatMap(({ codes }) => (codes.length > 1 ? codes : []))).toEqual(['130', '143']);
  });

  it('differ from each other', () => {
    expect(new Set(Object.values(EXIT)).size).toBe(Object.keys(EXIT).length);
  });

  it('are all in the help', async () => {
    const help = (await runCli(['--help'])).stdout;
    const numbers = new Set(help.slice(help.indexOf('Exit codes')).match(/\d+/g));
    expect(
      Object.values(EXIT).filter((code) => code !== EXIT.internal && !numbers.has(`${code}`)),
    ).toEqual([]);
  });

  it('belong to every code of an error, and none of them says that all went well or that it is a bug', () => {
    const codes = members('src/errors.ts', 'ErrorCode');
    expect(codes).toContain('USAGE');
    expect(codes.length).toBeGreaterThan(10);
    for (const code of codes) {
      const exitCode = exitCodeOfError(new IpvstateError(code as ErrorCode, 'message'));
      expect(Object.values(EXIT), code).toContain(exitCode);
      expect([EXIT.ok, EXIT.internal, EXIT.changes], code).not.toContain(exitCode);
    }
  });

  it('of anything else is the one of a bug', () => {
    for (const error of [new Error('a bug'), new TypeError('null'), 'text', undefined, null])
      expect(exitCodeOfError(error)).toBe(EXIT.internal);
  });

  it('are the design’s', () => {
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

  it('are the same in the program and in the manual, in the same order', () => {
    const declared = members('src/model/issue.ts', 'IssueCode');
    expect(declared.length).toBeGreaterThan(30);
    expect(items.flatMap(({ codes }) => codes)).toEqual(declared);
  });

  it('each have their meaning in the manual', () => {
    for (const { codes, meaning } of items)
      expect(meaning.length, codes.join()).toBeGreaterThan(10);
  });
});
