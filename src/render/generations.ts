import { isForAll, type RolloutState } from '../fleet/rollout.ts';
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

/** The rollout of a generation that some directors may not have yet. */
interface RolloutOfGeneration {
  readonly isHalted: boolean;
  /** The number of waves that have begun, and of all. */
  readonly wave: number;
  readonly waves: number;
  /** The generation that the other directors have. null: none. */
  readonly base: number | null;
}

/** Finds how far a rollout is. undefined: all directors may have its generation. */
export function rolloutOfGeneration(state: RolloutState): RolloutOfGeneration | undefined {
  const { rollout, halt } = state;
  const waves = state.waves.filter(({ nodes }) => nodes.length > 0);
  if (isForAll(state) && waves.length > 0) return undefined;
  return {
    isHalted: halt !== undefined,
    wave: waves.filter(({ isOpen }) => isOpen).length,
    waves: waves.length,
    base: rollout.base?.generation ?? null,
  };
}

interface GenerationsView {
  readonly prefix: string;
  /** The generation in force. */
  readonly current: number;
  /** True for a push by which directors take the current generation wave after wave. */
  readonly isInWaves?: boolean;
  /** The rollout of the current generation. Absent: all directors may have it. */
  readonly rollout?: RolloutOfGeneration | undefined;
  /** The first one first. */
  readonly generations: readonly GenerationView[];
}

/** Every output format of generations. */
export const GENERATION_FORMATS = {
  text: (view: GenerationsView) =>
    [...view.generations]
      .reverse()
      .map((generation) => `${formatGeneration(generation, view)}\n`)
      .join(''),
  json: ({ prefix, current, generations, rollout }: GenerationsView) =>
    formatJson({
      format: 'ipvstate-generations',
      version: 1,
      prefix,
      current,
      rollout: rollout
        ? {
            state: rollout.isHalted ? 'halted' : 'running',
            ...{ wave: rollout.wave, waves: rollout.waves, base: rollout.base },
          }
        : null,
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
  { current, isInWaves = false, rollout }: GenerationsView,
): string {
  const facts = [
    author,
    countOf(files.length, 'file'),
    ...(copy_of === null ? [] : [`the files of ${copy_of}`]),
    ...(generation === current ? [isInWaves ? 'rolled out in waves' : describe(rollout)] : []),
    ...(generation === rollout?.base ? ['in force on the others'] : []),
  ].join(', ');
  const about = message === '' ? facts : `${facts}: ${message}`;
  return printable(`generation ${generation}  ${formatUtc(created)}  ${about}`);
}

function describe(rollout: RolloutOfGeneration | undefined): string {
  if (!rollout) return 'in force';
  const { isHalted, wave, waves } = rollout;
  return `${isHalted ? 'rollout halted' : 'rolling out'}, wave ${wave} of ${waves}`;
}
