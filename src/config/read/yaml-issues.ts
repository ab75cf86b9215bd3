import type { ErrorCode, YAMLError } from 'yaml';
import type { IssueCode } from '../../model/issue.ts';
import type { Finding } from '../finding.ts';

/** Matches `[2001:db8::1]:80` without quotes, which YAML takes for the start of a list. */
const BARE_IPV6 =
  /(?:(?:tcp|udp|sctp):\/\/)?\[[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(?:%[^\]\s]*)?\](?::\d+)?/;

interface Wording {
  readonly code?: IssueCode;
  readonly message: string;
  readonly hint?: string;
}

/**
 * A message for each error code of the parser. The parser's own messages are never shown: they name
 * its internals, and some quote the file, which may hold a password.
 */
const WORDINGS: Readonly<Record<ErrorCode, Wording>> = {
  ALIAS_PROPS: { message: 'an alias cannot have an anchor or a tag' },
  BAD_ALIAS: { message: 'an anchor or an alias has no name, or its name ends in ":"' },
  BAD_COLLECTION_TYPE: { code: 'TAG', message: 'the tag does not fit the value' },
  BAD_DIRECTIVE: {
    message: 'a line that starts with "%" is a directive of YAML',
    hint: 'put the value in quotes',
  },
  BAD_DQ_ESCAPE: {
    message: 'this is not an escape sequence',
    hint: 'write \\\\ for a backslash, or use single quotes',
  },
  BAD_INDENT: {
    message: 'the indentation does not fit what is above',
    hint: 'align it with its neighbours',
  },
  BAD_PROP_ORDER: { message: 'an anchor or a tag stands before the "-", "?" or ":"' },
  BAD_SCALAR_START: {
    message: 'a plain value cannot start with this character',
    hint: 'put the value in quotes',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'there is a second ":" in a value, or a mapping where a value is',
    hint: 'put the value in quotes, or indent what belongs to the key',
  },
  BLOCK_IN_FLOW: {
    message: 'an indented list or mapping stands inside brackets',
    hint: 'write it in brackets as well, or remove the brackets around it',
  },
  DUPLICATE_KEY: { code: 'DUPLICATE_KEY', message: 'a key appears twice' },
  IMPOSSIBLE: { message: 'this is not YAML' },
  KEY_OVER_1024_CHARS: { message: 'the key is too long', hint: 'is a quote or a ":" missing?' },
  MISSING_CHAR: {
    message: 'a character is missing here',
    hint: 'a key needs a ":" and a blank after it, items in brackets need a "," between them',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'the key goes over several lines',
    hint: 'is a ":" or a "-" missing?',
  },
  MULTIPLE_ANCHORS: { message: 'a value has two anchors' },
  MULTIPLE_DOCS: {
    code: 'MULTIPLE_DOCUMENTS',
    message: 'a second document begins here',
    hint: 'write one document per file: put them in a directory',
  },
  MULTIPLE_TAGS: { code: 'TAG', message: 'a value has two tags', hint: 'remove the tags' },
  NON_STRING_KEY: { code: 'WRONG_TYPE', message: 'a key must be text' },
  RESOURCE_EXHAUSTION: { code: 'TOO_DEEP', message: 'the text is nested too deeply' },
  TAB_AS_INDENT: { message: 'a tab cannot indent', hint: 'use spaces' },
  TAG_RESOLVE_FAILED: {
    code: 'TAG',
    message: 'tags are not allowed',
    hint: 'remove the tag, or put the value in quotes',
  },
  UNEXPECTED_TOKEN: {
    message: 'this does not belong here',
    hint: 'is a quote, a bracket or a "," before this missing or one too many?',
  },
};

/** Messages for mistakes that share a code of the parser with other mistakes. */
function byMessage(message: string): Wording | undefined {
  const flow = /^Flow (map|sequence)|^Expected flow (map|sequence) to end with/i.exec(message);
  if (flow) {
    const [open, close] = (flow[1] ?? flow[2]) === 'map' ? ['{', '}'] : ['[', ']'];
    return {
      message: `a "${open}" before this is not closed, or what it holds is not indented`,
      hint: `is a "${close}" missing?`,
    };
  }
  if (/^Sequence item without - indicator/.test(message)) {
    return {
      message:
        'this line is indented as an item of the list above it, but does not start with "- "',
      hint: 'align it with the key it belongs to',
    };
  }
  if (/^Missing closing ["']/.test(message))
    return { message: 'a quote is not closed', hint: 'add the closing quote' };
  return undefined;
}

/**
 * Turns the parser's errors into findings, one for each line. Further errors on a line mostly
 * follow from the first.
 */
export function syntaxFindings(problems: readonly YAMLError[], text: string): Finding[] {
  const findings: Finding[] = [];
  let lastLine = -1;
  for (const problem of [...problems].sort((a, b) => a.pos[0] - b.pos[0])) {
    const offset = Math.min(problem.pos[0], text.length);
    const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
    if (lineStart === lastLine) continue;
    lastLine = lineStart;
    findings.push(finding(problem, offset, lineStart, text));
  }
  return findings;
}

function finding(problem: YAMLError, offset: number, lineStart: number, text: string): Finding {
  const lineEnd = text.indexOf('\n', lineStart);
  const line = text.slice(lineStart, lineEnd === -1 ? text.length : lineEnd);
  const bare = BARE_IPV6.exec(line);
  if (bare && !/["']/.test(line[bare.index - 1] ?? '')) {
    const message = 'an address in brackets starts a list in YAML';
    return {
      code: 'SYNTAX',
      severity: 'error',
      message,
      place: lineStart + bare.index,
      hint: `quote it: "${bare[0]}"`,
    };
  }
  const wording = byMessage(problem.message) ?? WORDINGS[problem.code];
  const blanks = /^[ \t]*/.exec(line)?.[0].length ?? 0;
  return {
    code: wording.code ?? 'SYNTAX',
    severity: 'error',
    message: wording.message,
    place: Math.max(offset, blanks < line.length ? lineStart + blanks : 0),
    ...(wording.hint === undefined ? {} : { hint: wording.hint }),
  };
}
