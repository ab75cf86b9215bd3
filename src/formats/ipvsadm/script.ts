import type { ParseResult } from '../../config/parse.ts';
import { hasErrors } from '../../model/issue.ts';
import { commentText } from '../comments.ts';
import { fileNames } from '../file-names.ts';
import { type CopiedCharacter, reportCopied, takeCopied } from './copied-text.ts';
import type { Names } from './grammar/names.ts';
import { callsIpvsadm, looksLikeScript } from './looks-like-script.ts';
import { parseSavedLine } from './saved-line.ts';
import { endReading, modifyBy, type Reading, runCall, startReading } from './script-calls.ts';
import { splitCommandWords } from './script-line.ts';
import { type ScriptLine, type ScriptWord, splitScript } from './script-words.ts';

/**
 * Reads the output of `ipvsadm -S`, or a script of `ipvsadm` lines. The desired state is the table
 * after the last line.
 * @param names host and port names. By default there are only those of well-known ports: others
 *   differ between machines and days
 */
export function parseScript(text: string, file: string, names: Names = fileNames()): ParseResult {
  const reading = startReading(text, file, names);
  const readSavedLine = (start: number, end: number): boolean => {
    const command = parseSavedLine(text, start, end);
    if (!command) return false;
    const at = offsetOfWord(text, start, command.serverWord ?? command.serviceWord ?? 0);
    modifyBy(reading, command.operation, start, at);
    return true;
  };
  const { comments } = reading;
  let hasLines = false;
  /** The first comment that holds a line for ipvsadm. */
  let commented: number | undefined;
  const lines = splitScript(text, {
    reads: readSavedLine,
    onEmptyLine: comments.addEmptyLine,
    onComment: (comment) => {
      if (addComment(reading, comment)) commented ??= comment.at;
    },
  });
  const copied: CopiedCharacter[] = [];
  for (const line of lines) {
    hasLines = true;
    readLine(reading, takeCopied(copied, line));
  }
  reportCopied(copied, reading);
  const { issues, state, hosts, report, position } = reading;
  if (!state.declaresServices && !hasErrors(issues) && hosts.places.length === 0) {
    const hint = hintForEmpty(hasLines, commented === undefined ? 0 : position(commented).line);
    report('EMPTY', 'this ipvsadm save text adds no service, and does not clear the table', 0, {
      hint,
    });
  }
  return endReading(reading);
}

function hintForEmpty(hasLines: boolean, commentedLine: number): string {
  if (commentedLine > 0)
    return `line ${commentedLine} is a comment: remove its "#" if that is the prompt of a shell`;
  if (hasLines) return 'write a line `-C` when there must be no services';
  return 'it has no lines but comments: `ipvsadm -Sn` writes the table, and a line `-C` clears it';
}

/** Offset of a word in a line with exactly one blank between two words. */
function offsetOfWord(text: string, start: number, index: number): number {
  let at = start;
  for (let word = 0; word < index; word++) at = text.indexOf(' ', at) + 1;
  return at;
}

function readLine(reading: Reading, line: ScriptLine): void {
  const { args, problem } = splitCommandWords(line);
  if (problem) {
    reading.report('IPVSADM_LINE', problem.message, problem.word.at, { hint: problem.hint });
    return;
  }
  const start = args[0] ?? line.words[0];
  if (start) runCall(reading, args, start);
  if (line.comment) reading.comments.addBeside(commentText(line.comment.text));
}

/** Adds a comment. One that holds a line for ipvsadm is an entry that was taken out. */
function addComment({ comments }: Reading, { text, at }: ScriptWord): boolean {
  if (at === 0 && text.startsWith('#!')) return false;
  const content = commentText(text);
  const isEntry = content.startsWith('-') ? looksLikeScript(content) : callsIpvsadm(content);
  comments.add(content, isEntry);
  return isEntry;
}
