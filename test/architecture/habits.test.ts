import { describe, expect, test } from 'vitest';
import {
  enumViolations,
  exitViolations,
  homePathViolations,
  indexViolations,
  nameViolations,
  outputViolations,
  purityViolations,
  recordReadViolations,
  spreadCallViolations,
} from './habits.ts';
import { sizeViolations } from './sizes.ts';
import { isWritten, readTree, type Tree } from './tree.ts';

const src = readTree('src', isWritten);
const repository = readTree('');
const one = (path: string, source: string): Tree => new Map([[path, source]]);

describe('the rule for output:', () => {
  test('only the writer writes to the terminal', () => {
    expect(outputViolations(src)).toEqual([]);
  });

  test.each([
    ['src/plan/a.ts', "console.log('x');"],
    ['src/cli/verbs/a.ts', "process.stdout.write('x');"],
    ['src/cli/verbs/a.ts', 'const out = quiet ? process.stderr : other;'],
    ['src/cli/bin.ts', "process.stderr.write('x');"],
    ['src/cli/output.ts', "console.error('x');"],
  ])('%s is refused: %s', (path, source) => {
    expect(outputViolations(one(path, source))).not.toEqual([]);
  });

  test('code may pass the streams to the writer, and comments may name them', () => {
    expect(
      outputViolations(one('src/cli/bin.ts', 'new Output(process.stdout, process.stderr);')),
    ).toEqual([]);
    expect(
      outputViolations(
        one('src/cli/verbs/a.ts', '// never process.stdout.write or console.log\nout.console;'),
      ),
    ).toEqual([]);
  });
});

describe('the rule for the end of the process:', () => {
  test('no code in src calls process.exit while anything is left to do, such as output to a pipe', () => {
    expect(exitViolations(src)).toEqual([]);
  });

  test('a call of process.exit is found, and setting the exit code is allowed', () => {
    expect(exitViolations(one('src/cli/a.ts', 'if (failed) process.exit(1);'))).toEqual([
      'src/cli/a.ts:1 uses process.exit',
    ]);
    expect(exitViolations(one('src/cli/a.ts', 'process.exitCode = 1;'))).toEqual([]);
  });

  test('a call of process.exit is allowed when nothing is left to do', () => {
    const last = "process.once('beforeExit', () => process.exit());";
    expect(exitViolations(one('src/cli/a.ts', last))).toEqual([]);
  });
});

describe('the rule for purity:', () => {
  test('pure layers use neither the clock nor the process', () => {
    expect(purityViolations(src)).toEqual([]);
  });

  test.each([
    ['const now = Date.now();'],
    ['const now = new Date();'],
    ['const chance = Math.random();'],
    ['const home = process.env.HOME;'],
    ['setTimeout(f, 10);'],
    ["await fetch('x');"],
  ])('%s is refused in the model', (source) => {
    expect(purityViolations(one('src/model/a.ts', source))).not.toEqual([]);
    expect(purityViolations(one('src/cli/a.ts', source))).toEqual([]);
  });

  test('a date from a number and a member of the same name are allowed', () => {
    expect(
      purityViolations(one('src/model/a.ts', 'new Date(at); this.process(); ({ process: 1 });')),
    ).toEqual([]);
  });
});

describe('the rule for shape:', () => {
  test('no file of src is too long, and neither are its files on the whole', () => {
    expect(sizeViolations(src)).toEqual([]);
  });

  test('a long file, a long median and a long tenth are found', () => {
    const lines = (count: number) => 'x\n'.repeat(count);
    expect(sizeViolations(one('a.ts', lines(401)))).toContain('a.ts has 401 lines, over 400');
    expect(sizeViolations(one('a.ts', lines(101)))).toEqual([
      'the median file has 101 lines, over 100',
    ]);
    const small: [string, string][] = Array.from({ length: 9 }, (_, index) => [
      `${index}.ts`,
      lines(10),
    ]);
    expect(sizeViolations(new Map(small))).toEqual([]);
    expect(
      sizeViolations(new Map([...small.slice(1), ['a.ts', lines(300)], ['b.ts', lines(300)]])),
    ).toEqual(['one file in ten has 300 lines or more, over 250']);
  });

  test('an index only re-exports', () => {
    expect(indexViolations(src)).toEqual([]);
    expect(
      indexViolations(
        one(
          'src/index.ts',
          "/** A. */\nexport { a, type B } from './a.ts';\nexport type * from './b.ts';",
        ),
      ),
    ).toEqual([]);
    expect(
      indexViolations(one('src/index.ts', "export { a } from './a.ts';\nexport const b = 1;")),
    ).toHaveLength(1);
    expect(
      indexViolations(one('src/index.ts', "import { a } from './a.ts';\nexport { a };")),
    ).toHaveLength(1);
  });

  test('no array that grows with a table is spread into the arguments of a call', () => {
    expect(spreadCallViolations(src)).toEqual([]);
    const spread = one('src/plan/a.ts', 'changes.push(...more);');
    expect(spreadCallViolations(spread)).toEqual(['src/plan/a.ts:1 spreads an array into a call']);
  });

  test('records are read in one place, which tells a missing file from an unreadable one', () => {
    expect(recordReadViolations(src)).toEqual([]);
    const reader = one('src/recovery/a.ts', "const text = readFileSync(path, 'utf8');");
    expect(recordReadViolations(reader)).toEqual([
      'src/recovery/a.ts:1 uses readFileSync in place of readIfPresent',
    ]);
  });

  test('there are no enums', () => {
    expect(enumViolations(src)).toEqual([]);
    expect(enumViolations(one('src/model/a.ts', 'declare const enum A { B }'))).toEqual([
      'src/model/a.ts:1 uses enum',
    ]);
    expect(
      enumViolations(one('src/model/a.ts', "schema.enum; const a = { enum: ['x'] };")),
    ).toEqual([]);
  });

  test('no file or folder is named util, helpers, common or manager', () => {
    expect(nameViolations(repository.keys())).toEqual([]);
    const drawers = [
      'src/util.ts',
      'src/cli/utils/a.ts',
      'src/plan/helpers.ts',
      'src/model/table-helper.ts',
      'src/common/a.ts',
      'src/state-manager.ts',
    ];
    expect(nameViolations(drawers)).toHaveLength(drawers.length);
    expect(nameViolations(['src/model/utility-rate.ts', 'src/cli/commonplace.ts'])).toEqual([]);
  });

  test('no file names the home folder of a person', () => {
    expect(homePathViolations(repository)).toEqual([]);
    const path = ['', 'home', 'alice', 'ipvstate'].join('/');
    expect(homePathViolations(one('README.md', `cd ${path}`))).toEqual([
      'README.md:1 names a home folder',
    ]);
    expect(homePathViolations(one('README.md', `https://example.org${path}`))).toEqual([]);
  });
});
