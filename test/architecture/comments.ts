import type { Tree } from './tree.ts';

const MAX_COLUMNS = 100;

/** Matches the first line of a comment, and each further line of a block comment. */
const COMMENT = /^\s*(?:\/\/|\/\*|\*)/;

/** Matches a comment that begins with a subordinate clause, and so names no subject. */
const NO_SUBJECT = /^\s*(?:\/\/|\/\*\*?)\s*(?:What|Whatever|Whether|Who|Whoever|Of|Those)\b/;

/** Matches the opening line of a block comment, whose text begins on the next line. */
const OPENING = /^\s*\/\*\*?\s*$/;

/** Comments that are too long for a line, or that begin without a subject. */
export function commentViolations(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, source]) => {
    const lines = source.split('\n');
    return lines.flatMap((line, index) => {
      if (!COMMENT.test(line)) return [];
      const before = lines[index - 1] ?? '';
      const first = OPENING.test(before) ? line.replace('*', '//') : line;
      const begins = !/^\s*\/\//.test(line) || !/^\s*\/\//.test(before);
      const at = `${path}:${index + 1}`;
      return [
        ...(line.length > MAX_COLUMNS ? [`${at} is a comment over ${MAX_COLUMNS} columns`] : []),
        ...(begins && NO_SUBJECT.test(first) ? [`${at} begins a comment without a subject`] : []),
      ];
    });
  });
}
