import { COMMANDS } from '../../src/formats/ipvsadm/grammar/commands.ts';
import { OPTIONS } from '../../src/formats/ipvsadm/grammar/options.ts';
import { runCli } from '../support/run-cli.ts';

const cache = new Map<string, Promise<string>>();

/** The help of a verb, or of the program; each is asked for once. */
export function helpOf(verb?: string): Promise<string> {
  const key = verb ?? '';
  const known =
    cache.get(key) ??
    runCli([...(verb === undefined ? [] : [verb]), '--help']).then(({ stdout }) => stdout);
  cache.set(key, known);
  return known;
}

/** The verbs that the help of the program lists, two on each line. */
export async function verbs(): Promise<string[]> {
  const rows = [...(await helpOf()).matchAll(/^ {2}(.{1,38})(?: {2})?(.*)$/gm)];
  const cells = rows.flatMap(([, left = '', right = '']) => [left, right]);
  return cells.flatMap((cell) => /^[a-z-]+(?= )/.exec(cell) ?? []);
}

/** The commands and options of the front end, in their short and long spellings. */
export function frontEndOptions(): string[] {
  return [
    ...COMMANDS.flatMap(({ long, shorts }) => [...shorts.map((each) => `-${each}`), `--${long}`]),
    ...OPTIONS.flatMap(({ long, short }) => [...(short ? [`-${short}`] : []), `--${long}`]),
  ];
}

/** The options of one verb, or of all of them. */
export async function optionsOf(verb?: string): Promise<string[]> {
  // The front end has a grammar of its own.
  const names = verb === undefined ? (await verbs()).filter((name) => name !== 'ipvsadm') : [verb];
  const helps = await Promise.all(names.map(helpOf));
  return [
    ...new Set(
      helps.flatMap((help) =>
        [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option ?? ''),
      ),
    ),
  ];
}
