import type { ParseResult } from '../config/parse.ts';
import type { Exportable, FormatOptions } from '../config/write/yaml.ts';
import type { Issue } from '../model/issue.ts';
import type { ServiceKey } from '../model/service.ts';
import type { PortNames } from './port-names.ts';

/** A file that another one includes. */
export interface IncludedText {
  readonly name: string;
  readonly text: string;
  /** The reason why the file is not read, without its name and place. */
  readonly problem?: Pick<Issue, 'code' | 'severity' | 'message' | 'hint'>;
}

/** Input of a reader beside the text. Each reader takes the parts that its language needs. */
export interface ParseOptions {
  /** The node that the text is read for. Only our own files differ between nodes. */
  readonly node?: string;
  /** The result has the origins of this service. */
  readonly explained?: ServiceKey;
  /**
   * Reads the files that a pattern in `fromFile` names, sorted by name. No file at all is an empty
   * list. Without it, a text that includes others is refused.
   */
  readonly readIncluded?: (pattern: string, fromFile: string) => Promise<readonly IncludedText[]>;
  /** Reads the names of ports that this machine has. Without it, only well-known ones are read. */
  readonly readPortNames?: () => Promise<PortNames>;
  /** keepalived: the value of its option `--config-id`. */
  readonly configId?: string;
  /** ipvsctl: the values of `${env.NAME}`. Without it, such a value is refused. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Shell scripts: the arguments. */
  readonly args?: readonly string[];
}

export interface FormattedTable {
  readonly text: string;
  /** Sentences about the parts of the table that the text does not have. */
  readonly omissions: readonly string[];
}

/** A language in which a desired state can be written. */
export interface Format {
  /** The name that `--format` takes, and for a format that is written, `-o`. */
  readonly name: string;
  /**
   * Tells whether a text is in this format. At most one format recognises a text. The name of the
   * file decides only for a text without content.
   */
  readonly recognise: (text: string, fileName: string) => boolean;
  readonly parse: (text: string, fileName: string, options?: ParseOptions) => Promise<ParseResult>;
  /** Writes a table as text that `parse` reads back. Absent: the format can only be read. */
  readonly format?: (table: Exportable, options: FormatOptions) => Promise<FormattedTable>;
  /**
   * Set for a language of another program, with the words that follow "this is". Such a text is
   * translated once, with `import`. It can be validated and compared, but never applied: the other
   * program may still own the table.
   */
  readonly translatedFrom?: string;
  /**
   * Matches in a line where a comment begins, or other text whose letters do not matter. It may
   * have any encoding. Without it, the whole text must be UTF-8.
   */
  readonly freeText?: RegExp;
  /** True when a text has arguments, as a script does. */
  readonly takesArguments?: true;
}
