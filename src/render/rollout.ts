import type { RolloutState, WaveState } from '../fleet/rollout.ts';
import { formatDuration } from '../model/duration.ts';
import { countOf } from './count-of.ts';
import type { Json } from './json.ts';

export function rolloutJson({ rollout, round, halt, waves, isDone }: RolloutState): Json {
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
  };
}

/** Describes a rollout in lines: its waves, and why it is halted. */
export function describeRollout({ rollout, waves, halt, isDone }: RolloutState): string[] {
  const { generation, soak_seconds, max_failed } = rollout;
  const soak = `in sync for ${formatDuration(soak_seconds)} each`;
  const limit = `at most ${countOf(max_failed, 'director')} may fail`;
  const shown = waves.filter(({ nodes }, index) => nodes.length > 0 || index < waves.length - 1);
  return [
    `Rollout of generation ${generation}${isDone ? ', done' : ''}: ${soak}, ${limit}`,
    ...shown.map((wave, index) => `  wave ${index + 1}: ${describeWave(wave)}`),
    ...(halt === undefined
      ? []
      : [
          `Halted: ${halt}`,
          'Go on with `ipvstate fleet resume ADDRESS`, or back with `fleet rollback`.',
        ]),
  ];
}

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

function listOf(names: readonly string[]): string {
  const more = names.length - SHOWN_NODES;
  const shown = names.slice(0, SHOWN_NODES).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}
