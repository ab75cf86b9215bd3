import { IpvstateError } from '../../errors.ts';
import { nearest } from '../../model/nearest.ts';
import { runIds } from '../../recovery/journal/runs.ts';

const MAX_SHOWN = 3;

/**
 * Finds the run whose id begins with a text. Throws `USAGE` with the nearest ids when there is none
 * or more than one, and `IO` and `PERMISSION`.
 */
export function findRun(folder: string, text: string): string {
  const ids = [...runIds(folder)];
  if (text === '')
    throw new IpvstateError('USAGE', 'an empty text names no run', {
      hint: '`ipvstate history` lists the runs.',
    });
  if (ids.includes(text)) return text;
  const found = ids.filter((id) => id.startsWith(text));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (only !== undefined)
    throw new IpvstateError('USAGE', `${found.length} runs begin with ${text}: ${listOf(found)}`);
  throw new IpvstateError('USAGE', `no run of the journal begins with ${text}`, {
    hint: hintFor(text, ids),
  });
}

function hintFor(text: string, ids: readonly string[]): string {
  if (ids.length === 0) return 'The journal has no runs.';
  const beginning = (id: string): string => id.slice(0, text.length);
  const near = nearest(text, ids.map(beginning));
  const similar = ids.filter((id) => near.includes(beginning(id)));
  const advice = '`ipvstate history` lists the runs.';
  return similar.length === 0 ? advice : `Similar: ${listOf(similar)}. ${advice}`;
}

function listOf(ids: readonly string[]): string {
  const more = ids.length - MAX_SHOWN;
  return [...ids.slice(0, MAX_SHOWN), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
