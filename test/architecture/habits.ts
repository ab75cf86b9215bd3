import { LAYERS, layerOf } from './layers.ts';
import { type Token, tokenize } from './tokens.ts';
import { isWritten, type Tree } from './tree.ts';

/** The files that may name the process's streams: the writer, and the file that opens it. */
const STREAM_OWNERS = ['src/cli/bin.ts', 'src/cli/output.ts'];
const WRITER = 'src/cli/output.ts';

/** Globals that give a function the time, chance, the environment or the network. */
const IMPURE = new Set([
  'process',
  'fetch',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'crypto',
  'globalThis',
]);

const VAGUE = /(^|[-/])(utils?|helpers?|commons?|managers?|misc)([-./]|$)/i;

const at = (path: string, token: Token) => `${path}:${token.line}`;

/**
 * The tokens that begin `words` joined by dots, such as `process.exit`. Members and keys are left
 * out.
 */
function uses(tokens: readonly Token[], ...words: readonly string[]): readonly Token[] {
  return tokens.filter(
    (token, start) =>
      words.every(
        (word, index) =>
          tokens[start + 2 * index]?.kind === 'word' && tokens[start + 2 * index]?.text === word,
      ) &&
      words.slice(1).every((_, index) => tokens[start + 2 * index + 1]?.text === '.') &&
      token.kind === 'word' &&
      (tokens[start - 1]?.text !== '.' || tokens[start - 2]?.text === '.') &&
      tokens[start + 1]?.text !== ':',
  );
}

const isAnything = (tokens: readonly Token[], path: string, what: string) =>
  tokens.map((token) => `${at(path, token)} uses ${what}`);

export function outputViolations(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, source]) => {
    const tokens = tokenize(source);
    const streams = [...uses(tokens, 'process', 'stdout'), ...uses(tokens, 'process', 'stderr')];
    const writes = [
      ...uses(tokens, 'process', 'stdout', 'write'),
      ...uses(tokens, 'process', 'stderr', 'write'),
    ];
    return [
      ...isAnything(uses(tokens, 'console'), path, 'console'),
      ...(STREAM_OWNERS.includes(path)
        ? []
        : isAnything(streams, path, 'the streams of the process')),
      ...(path === WRITER ? [] : isAnything(writes, path, 'write on a stream of the process')),
    ];
  });
}

/** The one call of process.exit: it runs when nothing is left to do. */
const AT_THE_END = "process.once('beforeExit', () => process.exit());";

export function exitViolations(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, source]) =>
    isAnything(
      uses(tokenize(source.replace(AT_THE_END, '')), 'process', 'exit'),
      path,
      'process.exit',
    ),
  );
}

/**
 * An array that is spread into the arguments of a call overflows the stack at some 120,000 items.
 * Arrays that grow with a table or a file are copied with a loop, or spread into an array literal.
 * `excerpt` and the like return a few lines.
 */
export function spreadCallViolations(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, source]) =>
    source
      .split('\n')
      .flatMap((text, index) =>
        /\b(push|unshift|max|min|fromCharCode)\(\.\.\./.test(text) && !SMALL_SPREADS.test(text)
          ? [`${path}:${index + 1} spreads an array into a call`]
          : [],
      ),
  );
}

/** Spreads of arrays that have a fixed, small number of items. */
const SMALL_SPREADS =
  /excerpt\(|formatWarnings|formatChange\(|tunnelArguments\(|Object\.keys\(PAGES\)|\.\.\.(costs|times|split\(target\))\)|source\.read\(\)/;

const RECORD_READER = 'src/recovery/records/read.ts';

/**
 * Files that outlive a process are read in one place. It never takes a file that cannot be read for
 * one that does not exist.
 */
export function recordReadViolations(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, source]) => {
    if (!path.startsWith('src/recovery/') || path === RECORD_READER) return [];
    const tokens = tokenize(source);
    return ['readFile', 'readFileSync'].flatMap((name) =>
      isAnything(uses(tokens, name), path, `${name} in place of readIfPresent`),
    );
  });
}

export function enumViolations(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, source]) => {
    const tokens = tokenize(source);
    const enums = tokens.filter(
      (token, index) =>
        token.kind === 'word' && token.text === 'enum' && tokens[index + 1]?.kind === 'word',
    );
    return isAnything(enums, path, 'enum');
  });
}

export function purityViolations(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, source]) => {
    if (!LAYERS[layerOf(path) ?? '']?.pure || !isWritten(path)) return [];
    const tokens = tokenize(source);
    const names = [...IMPURE].flatMap((name) => isAnything(uses(tokens, name), path, name));
    const today = tokens.filter(
      (token, index) =>
        token.text === 'Date' &&
        /^new Date \( \)/.test(
          tokens
            .slice(index - 1, index + 3)
            .map(({ text }) => text)
            .join(' '),
        ),
    );
    return [
      ...names,
      ...isAnything(uses(tokens, 'Math', 'random'), path, 'Math.random'),
      ...isAnything([...uses(tokens, 'Date', 'now'), ...today], path, 'the clock'),
    ];
  });
}

/** An `index.ts` only re-exports. */
export function indexViolations(tree: Tree): readonly string[] {
  return [...tree]
    .filter(([path]) => /(^|\/)index\.ts$/.test(path))
    .flatMap(([path, source]) => {
      const rest = tokenize(source)
        .map(({ kind, text }) => (kind === 'string' ? "''" : text))
        .join(' ')
        .replaceAll(/export (type )?(\{[^}]*\}|\*( as \w+)?) from '' ?;?/g, '')
        .trim();
      return rest === '' ? [] : [`${path} does more than re-export: ${rest.slice(0, 60)}`];
    });
}

export function nameViolations(paths: Iterable<string>): readonly string[] {
  return [...paths]
    .filter((path) => VAGUE.test(path))
    .map((path) => `${path} is named for nothing in particular`);
}

/** The home folder of a person. */
const HOME = /(?<![\w.-])\/(?:home|Users)\/[\w.-]+\//;

export function homePathViolations(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, source]) =>
    source
      .split('\n')
      .flatMap((text, index) =>
        HOME.test(text) ? [`${path}:${index + 1} names a home folder`] : [],
      ),
  );
}
