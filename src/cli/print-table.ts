import { hasComments } from '../config/layout.ts';
import type { Exportable, FormatOptions } from '../config/write/yaml.ts';
import { WRITABLE_FORMATS, writableFormat } from '../formats/formats.ts';
import { flag, outputFormat } from './declare/options.ts';
import type { Output } from './output.ts';

/** Options of the verbs that print a table. */
export const WRITING_OPTIONS = {
  output: outputFormat(WRITABLE_FORMATS, 'yaml'),
  plain: flag('--plain', 'with yaml: no defaults, no pools, and one line for each destination'),
};

/** Prints a table on stdout, and on stderr the parts that the format cannot hold. */
export async function printTable(
  table: Exportable,
  options: FormatOptions,
  formatName: string,
  output: Output,
): Promise<void> {
  const { text, omissions } = await writableFormat(formatName).format(table, options);
  output.print(text);
  if (formatName !== 'yaml' && options.layout && hasComments(options.layout))
    output.note('ipvstate: left out: the comments of the source, which only yaml has\n');
  for (const omission of omissions) output.note(`ipvstate: ${omission}\n`);
}
