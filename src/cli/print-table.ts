import type { Exportable, FormatOptions } from '../config/write/yaml.ts';
import { writableFormat } from '../formats/formats.ts';
import type { Output } from './output.ts';

/** Prints a table on stdout, and on stderr the parts that the format cannot hold. */
export async function printTable(
  table: Exportable,
  options: FormatOptions,
  formatName: string,
  output: Output,
): Promise<void> {
  const { text, omissions } = await writableFormat(formatName).format(table, options);
  output.print(text);
  for (const omission of omissions) output.note(`ipvstate: ${omission}\n`);
}
