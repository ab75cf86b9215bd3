import { IpvstateError } from '../../errors.ts';
import { foreignKind } from '../../formats/foreign.ts';
import { FORMATS } from '../../formats/formats.ts';
import { isObject, isText } from '../../model/shape.ts';

interface Finding {
  readonly is: string;
  /** The command that reads such a file, in a sentence. */
  readonly hint: string;
}

const MAKE_ONE = 'Save a plan with `ipvstate plan --save FILE`.';

/** The documents that the program prints, by their `format`. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  'ipvstate-plan': 'the output of `plan -o json`, which was not saved',
  'ipvstate-report': 'the report of a command',
  'ipvstate-status': 'the status of a daemon',
  'ipvstate-validation': 'the output of `validate -o json`',
  'ipvstate-error': 'the error of a command',
};

/** Returns the error for a file that is no saved plan. `json` is its content when it is JSON. */
export function notSavedPlan(text: string, path: string, json: unknown): IpvstateError {
  const { is, hint } = findingOf(text, path, json);
  return new IpvstateError('CONFIG', `${path} is not a saved plan: it is ${is}`, { hint });
}

function findingOf(text: string, path: string, json: unknown): Finding {
  if (text.trim() === '') return { is: 'empty', hint: MAKE_ONE };
  if (text.includes('\0')) return { is: 'not a text', hint: MAKE_ONE };
  if (isObject(json)) {
    if (isText(json.format) && json.format.startsWith('ipvstate-'))
      return { is: DOCUMENTS[json.format] ?? 'another document of ipvstate', hint: MAKE_ONE };
    if ('version' in json && 'services' in json) return configuration('a configuration', path);
    return { is: 'other JSON', hint: MAKE_ONE };
  }
  if (json !== undefined) return { is: 'other JSON', hint: MAKE_ONE };
  if (/^\s*\{"type":"begin",/.test(text))
    return { is: 'a journal', hint: '`ipvstate help command-line` says where journals are.' };
  const foreign = foreignKind(text);
  if (foreign) return { is: foreign.is, hint: MAKE_ONE };
  const { name: format, translatedFrom } =
    FORMATS.find(({ recognise }) => recognise(text, '')) ?? {};
  if (translatedFrom !== undefined)
    return { is: translatedFrom, hint: `\`ipvstate import ${path}\` translates it.` };
  if (format === 'save') return configuration('`ipvsadm -S` text', path);
  if (format === 'yaml') return configuration('a configuration', path);
  return { is: 'something else', hint: MAKE_ONE };
}

function configuration(is: string, path: string): Finding {
  return { is, hint: `\`ipvstate plan -f ${path}\` plans for it.` };
}
