import type { HealthName } from '../../reconcile/loop/health.ts';
import { SERVICE_STATES, type ServiceState } from '../api/documents.ts';

/** The colour of a state: how much an operator has to care. */
export type Tone = 'good' | 'bad' | 'warn' | 'info' | 'plain';

const TONES: Readonly<Record<HealthName | ServiceState, Tone>> = {
  failed: 'bad',
  unserved: 'bad',
  refused: 'bad',
  panic: 'bad',
  held: 'warn',
  invalid: 'warn',
  contested: 'warn',
  drifted: 'warn',
  unhealthy: 'warn',
  paused: 'info',
  draining: 'info',
  overridden: 'info',
  starting: 'info',
  'source-unreachable': 'warn',
  unknown: 'plain',
  foreign: 'plain',
  ok: 'good',
  'in-sync': 'good',
};

/** Returns the tone of a state. A state of a later version is shown without a colour. */
export function toneOf(state: string): Tone {
  return Object.hasOwn(TONES, state) ? TONES[state as keyof typeof TONES] : 'plain';
}

/** Compares the states of two services, the worse one first. Unknown states come first. */
export function compareStates(a: string, b: string): number {
  return rankOf(a) - rankOf(b);
}

function rankOf(state: string): number {
  return (SERVICE_STATES as readonly string[]).indexOf(state);
}

/** Formats a state as a title: `In sync`. */
export function titleOf(state: string): string {
  const words = state.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
