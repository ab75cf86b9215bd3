import { printable } from '../model/printable.ts';
import { countOf } from './count-of.ts';
import { formatJson } from './json.ts';
import { formatUtc } from './utc.ts';

/** A generation of a configuration in etcd. */
interface GenerationView {
  readonly generation: number;
  readonly parent: number | null;
  readonly copy_of: number | null;
  readonly author: string;
  readonly message: string;
  readonly created: string;
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
}

interface GenerationsView {
  readonly prefix: string;
  /** The generation in force. */
  readonly current: number;
  /** True when directors take the current generation wave after wave. */
  readonly isInWaves?: boolean;
  /** The first one first. */
  readonly generations: readonly GenerationView[];
}

/** Every output format of generations. */
export const GENERATION_FORMATS = {
  text: ({ current, generations, isInWaves = false }: GenerationsView) =>
    [...generations]
      .reverse()
      .map((generation) => `${formatGeneration(generation, current, isInWaves)}\n`)
      .join(''),
  json: ({ prefix, current, generations }: GenerationsView) =>
    formatJson({
      format: 'ipvstate-generations',
      version: 1,
      prefix,
      current,
      generations: generations.map((each) => ({
        generation: each.generation,
        parent: each.parent,
        copy_of: each.copy_of,
        author: each.author,
        message: each.message,
        created: each.created,
        files: each.files.map(({ name, sha256 }) => ({ name, sha256 })),
      })),
    }),
};

/** `generation 3  2026-11-30 03:30:12Z  root@ci, 4 files, in force: the message`. */
function formatGeneration(
  { generation, copy_of, author, message, created, files }: GenerationView,
  current: number,
  isInWaves: boolean,
): string {
  const facts = [
    author,
    countOf(files.length, 'file'),
    ...(copy_of === null ? [] : [`the files of ${copy_of}`]),
    ...(generation === current ? [isInWaves ? 'rolled out in waves' : 'in force'] : []),
  ].join(', ');
  const about = message === '' ? facts : `${facts}: ${message}`;
  return printable(`generation ${generation}  ${formatUtc(created)}  ${about}`);
}
