import type { RolloutState, WaveState } from '../fleet/rollout.ts';
import { formatDuration } from '../model/duration.ts';
import { countOf } from './count-of.ts';
import type { Json } from './json.ts';

export function rolloutJson({
  rollout,
  round,
  halt,
  waves,
  forgotten,
  isDone,
}: RolloutState): Json {
  return {
    generation: rollout.generation,
    state: halt !== undefined ? 'halted' : isDone ? 'done' : 'running',
    halt: halt ?? null,
    round,
    base: rollout.base?.generation ?? null,
    soak_seconds: rollout.soak_seconds,
    max_failed: rollout.max_failed,
    waves: waves.map(({ nodes, isOpen, soaked, failed, missing }) => ({
      nodes,
      open: isOpen,
      soaked,
      failed,
      missing,
    })),
    forgotten,
  };
}

/** Describes a rollout in lines: its waves, and why it is halted. */
export function describeRollout({
  rollout,
  waves,
  forgotten,
  halt,
  isDone,
}: RolloutState): string[] {
  const { generation, soak_seconds, max_failed } = rollout;
  const soak = `in sync for ${formatDuration(soak_seconds)} each`;
  const limit = `at most ${countOf(max_failed, 'director')} may fail`;
  return [
    `Rollout of generation ${generation}${isDone ? ', done' : ''}: ${soak}, ${limit}`,
    ...waves.flatMap((wave, index) =>
      wave.nodes.length === 0 ? [] : [`  wave ${index + 1}: ${describeWave(wave)}`],
    ),
    ...(forgotten.length === 0 ? [] : [`  forgotten, and not counted: ${listOf(forgotten)}`]),
    ...(halt === undefined
      ? []
      : [
          `Halted: ${halt}`,
          'Go on: `ipvstate fleet resume ADDRESS`.',
          ...(rollout.base === null ? [] : ['Go back: `ipvstate fleet rollback ADDRESS`.']),
        ]),
  ];
}

/** So many names of nodes are shown. */
const SHOWN_NODES = 5;

function describeWave({ nodes, isOpen, soaked, failed, missing }: WaveState): string {
  const names = listOf(nodes);
  if (!isOpen) return `${names}: not yet`;
  const facts = [
    `${soaked.length} of ${nodes.length} done`,
    ...(failed.length > 0 ? [`failed: ${listOf(failed)}`] : []),
    ...(missing.length > 0 ? [`missing: ${listOf(missing)}`] : []),
  ];
  return `${names}: ${facts.join(', ')}`;
}

export function listOf(names: readonly string[]): string {
  const more = names.length - SHOWN_NODES;
  const shown = names.slice(0, SHOWN_NODES).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}
