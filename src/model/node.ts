import { wildcardMatcher } from './wildcard.ts';

/** Stands for every node that no file names: such a node has only what is for all nodes. */
export const OTHER_NODE = '';

/** The longest name of a node, in characters: that of a host (Linux: HOST_NAME_MAX). */
const NAME_LENGTH = 64;

/** The form of a name of a node, in words. */
export const NODE_NAME_FORM = `up to ${NAME_LENGTH} letters, digits, ".", "-" and "_"`;

/** Tells whether a node, which is one director, can have the name. It is also a folder's name. */
export function isNodeName(text: string): boolean {
  return text.length <= NAME_LENGTH && /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(text);
}

/** Tells whether a text is the name of a node, or names with `*` for any characters. */
export function isNodePattern(text: string): boolean {
  return text.length <= NAME_LENGTH && /^[A-Za-z0-9_*][A-Za-z0-9._*-]*$/.test(text);
}

/**
 * Returns a function that tells whether a list of patterns has a node in it. Few patterns are in
 * many lists, so each is compared once.
 */
export function nodeMatcher(node: string): (patterns: readonly string[]) => boolean {
  const known = new Map<string, boolean>();
  const matches = (pattern: string): boolean => {
    const result = known.get(pattern) ?? wildcardMatcher(pattern)(node);
    known.set(pattern, result);
    return result;
  };
  return (patterns) => patterns.some(matches);
}

/** A node in messages. */
export function describeNode(node: string): string {
  return node === OTHER_NODE ? 'any other node' : node;
}
