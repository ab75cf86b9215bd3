import type { ParseResult } from '../config/parse.ts';
import type { Unmanageable } from '../model/ipvs.ts';
import type { Issue } from '../model/issue.ts';
import { KERNEL_TIMEOUTS } from '../model/settings.ts';
import { FOREIGN, type ForeignText, foreignKind } from './foreign.ts';
import type { Format, ParseOptions } from './format.ts';
import { callsIpvsadm, looksLikeScript } from './ipvsadm/looks-like-script.ts';
import { IPVSCTL, isIpvsctl } from './ipvsctl/ipvsctl.ts';
import { KEEPALIVED } from './keepalived/keepalived.ts';
import { LDIRECTORD } from './ldirectord/ldirectord.ts';
import { BEGINS_SCRIPT, SHELL } from './shell/shell.ts';

type WritableFormat = Required<Format>;

const beginsAsYaml = recogniser(/\.ya?ml$/, (line) =>
  /^(?:---|%YAML\b|"?[A-Za-z_]\w*"?:(?:\s|$))/.test(line),
);

const beginsAsJson = recogniser(/\.json$/, (line) => line.startsWith('{'));

const beginsAsSave = recogniser(
  /\.(?:save|rules)$/,
  (line) => !line.startsWith('{') && looksLikeScript(line),
);

/** The languages of other programs that are read. They are recognised by their whole text. */
const TRANSLATED: readonly Format[] = [KEEPALIVED, LDIRECTORD];

/** The kind of a text that begins like no format of ours: the first that recognises it. */
function otherKind(text: string, fileName: string): Format | ForeignText | undefined {
  // A script may write the file of another program.
  if (BEGINS_SCRIPT.test(text)) return undefined;
  return foreignKind(text) ?? TRANSLATED.find(({ recognise }) => recognise(text, fileName));
}

/** Tells whether a text begins like none of our formats: its other lines decide what it is. */
function beginsForeign(text: string, fileName: string): boolean {
  return ![beginsAsYaml, beginsAsJson, beginsAsSave].some((begins) => begins(text, fileName));
}

const YAML: Format = {
  name: 'yaml',
  recognise: (text, fileName) => beginsAsYaml(text, fileName) && !isIpvsctl(text),
  parse: parseConfiguration,
  format: async (table, options) => {
    const { formatConfig } = await import('../config/write/yaml.ts');
    return { text: formatConfig(table, options), omissions: [] };
  },
};

const JSON_FORMAT: Format = {
  name: 'json',
  recognise: beginsAsJson,
  parse: async (text, fileName, options) =>
    ofThisProgram(text, fileName) ?? parseConfiguration(text, fileName, options),
  format: async (table, options) => {
    const { formatConfigJson, settingsLeftOut } = await import('../config/write/json.ts');
    return {
      text: formatConfigJson(table, options),
      omissions: [
        ...settingsLeftOut(table).map((name) => `left out: ${name}, which no file can express`),
        ...leftOut(options.unmanageable),
      ],
    };
  },
};

/** Scripts for a shell. Plain lines of ipvsadm need none. */
const SHELL_SCRIPT: Format = {
  ...SHELL,
  recognise: (text, fileName) =>
    !beginsAsYaml(text, fileName) &&
    !beginsAsJson(text, fileName) &&
    SHELL.recognise(text, fileName) &&
    !otherKind(text, fileName),
};

/** The output of `ipvsadm -S`, and scripts of ipvsadm lines. */
const SAVE: Format = {
  name: 'save',
  freeText: /(?:^|[ \t])#/,
  // A script may begin with other commands. The reader says which line it cannot read.
  recognise: (text, fileName) =>
    !SHELL_SCRIPT.recognise(text, fileName) &&
    (beginsAsSave(text, fileName) ||
      (beginsForeign(text, fileName) && !otherKind(text, fileName) && callsIpvsadm(text))),
  parse: async (text, fileName, { explained, readPortNames } = {}) => {
    const { parseScript } = await import('./ipvsadm/script.ts');
    const { withFileNames } = await import('./file-names.ts');
    const result = await withFileNames(
      (names) => parseScript(withoutByteOrderMark(text), fileName, names),
      readPortNames,
    );
    if (explained === undefined || !result.desired) return result;
    const { originsInScript } = await import('./ipvsadm/origins.ts');
    return { ...result, origins: originsInScript(result.desired, explained) };
  },
  format: async (table, options) => {
    const { formatSave, saveLosses } = await import('./ipvsadm/save.ts');
    const timeouts = { ...KERNEL_TIMEOUTS, ...table.timeouts };
    const losses = saveLosses({ ...table, timeouts, daemons: table.daemons ?? [] });
    return {
      text: formatSave(table),
      omissions: [
        ...losses.map((loss) => `the save format cannot hold ${loss}`),
        ...(options.health?.size ? ['the save format cannot hold `health`'] : []),
        ...(options.scope ? ['the save format cannot hold the scope `manage`'] : []),
        ...leftOut(options.unmanageable),
      ],
    };
  },
};

/** A format that is only named: its reader says what the text is, and which command helps. */
function refused({ name, is, hint }: ForeignText, recognise: Format['recognise']): Format {
  return {
    name,
    recognise,
    parse: async (_, file) => {
      const position = { file, line: 1, column: 1 };
      const message = `this is ${is}`;
      const issue: Issue = { code: 'WRONG_TYPE', severity: 'error', message, position, hint };
      return { desired: undefined, issues: [issue] };
    },
  };
}

const isOther =
  (kind: Format | ForeignText): Format['recognise'] =>
  (text, fileName) =>
    beginsForeign(text, fileName) && otherKind(text, fileName) === kind;

const REFUSED: readonly Format[] = FOREIGN.map((kind) => refused(kind, isOther(kind)));

const OTHERS: readonly Format[] = [
  ...REFUSED,
  {
    ...IPVSCTL,
    recognise: (text, fileName) => beginsAsYaml(text, fileName) && isIpvsctl(text),
  },
  ...TRANSLATED.map((format) => ({ ...format, recognise: isOther(format) })),
];

/** Every format. `recognise` must be cheap to load; parsers and writers are loaded when needed. */
export const FORMATS: readonly Format[] = [YAML, JSON_FORMAT, SHELL_SCRIPT, SAVE, ...OTHERS];

/** The formats that can be read, by name: the choices of `--format`. */
export const READABLE_FORMATS: Readonly<Record<string, Format>> = Object.fromEntries(
  FORMATS.filter((format) => !REFUSED.includes(format)).map((format) => [format.name, format]),
);

/** The formats that can be written, by name: the choices of `export -o` and `import -o`. */
export const WRITABLE_FORMATS: Readonly<Record<string, WritableFormat>> = Object.fromEntries(
  FORMATS.filter(isWritable).map((format) => [format.name, format]),
);

/** The format of a text. A text that no format recognises is taken for YAML, which explains it. */
export function formatOf(text: string, fileName: string): Format {
  return FORMATS.find(({ recognise }) => recognise(text, fileName)) ?? YAML;
}

/** The format that `-o` names. */
export function writableFormat(name: string): WritableFormat {
  const format = WRITABLE_FORMATS[name];
  if (!format) throw new Error(`no format is called ${name}`);
  return format;
}

export function isWritable(format: Format): format is WritableFormat {
  return format.format !== undefined;
}

/**
 * Recognises a text by its first line that is not a comment, so that two formats which ask for
 * different lines never recognise the same text. A text without such a line goes by its name.
 */
function recogniser(fileName: RegExp, isFirstLine: (line: string) => boolean): Format['recognise'] {
  return (text, name) => {
    const line = /^[ \t\r]*[^#\s].*$/m.exec(withoutByteOrderMark(text))?.[0].trim();
    return line === undefined ? fileName.test(name) : isFirstLine(line);
  };
}

function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

async function parseConfiguration(
  text: string,
  fileName: string,
  { explained, node }: ParseOptions = {},
): Promise<ParseResult> {
  return (await import('../config/parse.ts')).parseConfig(text, fileName, explained, node);
}

/** The one issue of a text that this program wrote for other purposes than to be read with -f. */
function ofThisProgram(text: string, file: string): ParseResult | undefined {
  if (!/^\s*\{\s*"format":\s*"ipvstate-/.test(text)) return undefined;
  const isSaved = /^ {2}"saved":/m.test(text);
  const issue: Issue = {
    code: 'WRONG_TYPE',
    severity: 'error',
    message: `this is ${isSaved ? 'a saved plan' : 'output of ipvstate'}, not a configuration`,
    position: { file, line: 1, column: 1 },
    ...(isSaved && { hint: `apply it without -f: ipvstate apply ${file}` }),
  };
  return { desired: undefined, issues: [issue] };
}

function leftOut(unmanageable: readonly Unmanageable[] = []): string[] {
  return unmanageable.map(({ service, destination, reason }) => {
    const name = destination ? `${destination} of ${service}` : service;
    return `left out: ${name} (${reason}, which no file can express)`;
  });
}
