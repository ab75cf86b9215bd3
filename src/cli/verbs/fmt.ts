import { formatCanonical } from '../../config/canonical/canonical.ts';
import { IpvstateError } from '../../errors.ts';
import { formatOf } from '../../formats/formats.ts';
import { ConfigurationError, hasErrors, type Issue } from '../../model/issue.ts';
import { OTHER_NODE } from '../../model/node.ts';
import { printable } from '../../model/printable.ts';
import { replaceFile } from '../../recovery/records/write.ts';
import { countOf } from '../../render/count-of.ts';
import { EXIT } from '../../render/exit.ts';
import { formatIssues } from '../../render/issues.ts';
import { readInputFile } from '../../sources/files/files.ts';
import { type ParsedDocument, parseDocument, readDocuments, textsOf } from '../../sources/load.ts';
import type { Document } from '../../sources/source.ts';
import { isFilePath, openSources } from '../../sources/sources.ts';
import { STDIN_NAME } from '../../sources/stdin.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { FILE_EXITS } from '../declare/exit-groups.ts';
import { flag, repeatedArgument } from '../declare/options.ts';
import type { Output } from '../output.ts';

export const fmtVerb = defineVerb({
  name: 'fmt',
  job: 'files',
  summary: 'rewrite in canonical form',
  description: 'rewrite configurations in canonical form, and keep every comment',
  arguments: {
    files: repeatedArgument('file', 'a file, a folder, or - for stdin, which goes to stdout'),
  },
  options: {
    check: flag('--check', 'write nothing: print the files that differ, and exit 2 for any'),
  },
  exits: {
    ...FILE_EXITS,
    ok: 'every file is in canonical form',
    changes: 'a file is not in canonical form (with --check)',
  },
  examples: ['ipvstate fmt ipvs.yaml', 'ipvstate fmt --check conf.d'],
  notes: ['The names of files that changed, or would, are printed on stdout.'],
  run: async ({ check }, { output, stdin }, { files }) => {
    if (files.length === 0)
      throw new IpvstateError('USAGE', 'no file to format', {
        hint: 'Name files or folders, or - for stdin.',
      });
    if (files.includes('-') && files.length > 1)
      throw new IpvstateError('USAGE', '- stands alone: its text goes to stdout');
    if (!files.every((file) => file === '-' || isFilePath(file)))
      throw new IpvstateError('USAGE', 'only files are formatted: format them before a push');
    const documents = await readDocuments(openSources(files, stdin));
    const formatted = await requireFormatted(documents, output);
    const differing = formatted.filter(({ text, canonical }) => text !== canonical);
    const [first] = formatted;
    if (first?.document.name === STDIN_NAME && !check) {
      output.print(first.canonical);
      return EXIT.ok;
    }
    if (!check)
      for (const { document, canonical } of differing) {
        await rewrite(document, canonical);
        output.print(`${printable(document.name)}\n`);
      }
    else for (const { document } of differing) output.print(`${printable(document.name)}\n`);
    const all = countOf(formatted.length, 'file');
    const done = check ? 'not in canonical form' : 'rewritten';
    output.note(`ipvstate: ${differing.length} of ${all} ${done}\n`);
    return check && differing.length > 0 ? EXIT.changes : EXIT.ok;
  },
});

/** Writes a document that is still as it was read. Throws `IO`. */
export async function rewrite({ name, bytes }: Document, text: string): Promise<void> {
  if (!bytes.equals(await readInputFile(name)))
    throw new IpvstateError('IO', `${name} has changed since it was read, and is left alone`);
  await replaceFile(name, text);
}

interface Formatted {
  readonly document: Document;
  readonly text: string;
  readonly canonical: string;
}

/** Formats every document. Throws `CONFIG` when one has errors; then none is written. */
async function requireFormatted(
  documents: readonly Document[],
  output: Output,
): Promise<readonly Formatted[]> {
  const parsed = await Promise.all(documents.map((document) => parseOwn(document)));
  const issues = parsed.flatMap((each) => each.issues);
  if (hasErrors(issues)) {
    const errors = issues.filter(({ severity }) => severity === 'error');
    output.warn(formatIssues(errors, textsOf(parsed), output.layout('stderr')));
    throw new ConfigurationError(
      `${countOf(errors.length, 'error')} in the configuration; no file was changed`,
      issues,
    );
  }
  return parsed.flatMap(({ text }, index) => {
    const document = documents[index];
    if (!document || text === undefined) return [];
    return [{ document, text, canonical: formatCanonical(text) }];
  });
}

/** Parses a document that is a configuration of ours. Any other one has an issue. */
async function parseOwn(document: Document): Promise<ParsedDocument> {
  const parsed = await parseDocument(document, { node: OTHER_NODE });
  const { name, text } = parsed;
  if (text === undefined || formatOf(text, name).name !== 'save') return parsed;
  const issue: Issue = {
    code: 'TRANSLATE',
    severity: 'error',
    message: 'these are rules for ipvsadm, not YAML or JSON',
    position: { file: name, line: 1, column: 1 },
    hint: `translate them once: ipvstate import ${name} > ipvs.yaml`,
  };
  return { name, text, desired: undefined, issues: [issue] };
}
