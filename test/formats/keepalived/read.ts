import type { ParseResult } from '../../../src/config/parse.ts';
import type { ParseOptions } from '../../../src/formats/format.ts';
import { formatSave } from '../../../src/formats/ipvsadm/save.ts';
import { parseKeepalived } from '../../../src/formats/keepalived/reader.ts';

export interface Read extends ParseResult {
  /** The services as `ipvsadm -S` writes them, with thresholds. */
  readonly lines: readonly string[];
  /** `LINE:COLUMN CODE message`, with the file before it when it is an included one. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

const FILE = 'keepalived.conf';

/** Reads a text. `files` are the files that it can include, by name. */
export async function read(
  text: string,
  { files = {}, ...options }: ParseOptions & { files?: Record<string, string> } = {},
): Promise<Read> {
  const result = await parseKeepalived(text, FILE, {
    readIncluded: async (pattern) =>
      Object.entries(files)
        .filter(([name]) => name === pattern || pattern === '*')
        .map(([name, included]) => ({ name, text: included })),
    ...options,
  });
  const shown = (severity: string): string[] =>
    result.issues
      .filter((issue) => issue.severity === severity)
      .map(({ code, message, position: { file, line, column } }) => {
        const place = `${line}:${column}`;
        return `${file === FILE ? '' : `${file}:`}${place} ${code} ${message}`;
      });
  const services = result.desired?.services ?? new Map();
  const lines = formatSave({ services })
    .split('\n')
    .filter((line) => line !== '');
  return { ...result, lines, errors: shown('error'), warnings: shown('warning') };
}

/** Reads a text without errors, and returns the lines of its table. */
export async function linesOf(text: string, options: Parameters<typeof read>[1] = {}) {
  const { lines, errors } = await read(text, options);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return lines;
}

/** A virtual server with statements before its one real server. */
export function serverWith(statements: string, real = 'real_server 10.0.0.1 80 { }'): string {
  return `virtual_server 192.0.2.1 80 {\n  protocol TCP\n${statements}\n  ${real}\n}\n`;
}
