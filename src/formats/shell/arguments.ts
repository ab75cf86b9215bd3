import { forEachChild, type Script, type SyntaxNode } from 'unbash';

/**
 * The words that a script compares with `case`, such as `start` and `stop`. A script with a word
 * `start` is a service script: it does nothing without an argument.
 */
export function caseWords(script: Script): readonly string[] {
  const words = new Set<string>();
  const visit = (node: SyntaxNode): void => {
    if (node.type === 'Case')
      for (const { pattern } of node.items) for (const { value } of pattern) words.add(value);
    // Substitutions are parsed when they are visited: a service script has its `case` outside.
    if (node.type !== 'Word') forEachChild(node, visit);
  };
  visit(script);
  return [...words].filter((word) => /^[a-z][\w-]*$/.test(word));
}
