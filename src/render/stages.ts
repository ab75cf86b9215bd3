import type { StageCounts, StageName } from '../model/stage.ts';
import { countOf } from './count-of.ts';

const WORDS: Readonly<Record<StageName, { readonly doing?: string; readonly done: string }>> = {
  'read-files': { doing: 'reading the files', done: 'read the files' },
  'read-table': { doing: 'reading the table', done: 'read the table' },
  'read-again': { doing: 'reading the table again', done: 'read again' },
  plan: { doing: 'planning', done: 'planned' },
  // The verb itself says how many operations are left.
  execute: { done: 'executed' },
  verify: { doing: 'verifying', done: 'verified' },
  'check-health': { doing: 'checking the health', done: 'checked the health' },
};

/** Formats a stage that goes on; undefined when nothing is to be shown. */
export function formatRunningStage(name: StageName): string | undefined {
  const { doing } = WORDS[name];
  return doing && `${doing} ...`;
}

/** Formats a stage that has ended, such as `read the table: 1 service, 2 destinations (5 ms)`. */
export function formatStage(name: StageName, counts: StageCounts, milliseconds: number): string {
  const counted = Object.entries(counts).map(([noun, count]) => countOf(count, noun));
  return `${WORDS[name].done}: ${counted.join(', ')} (${Math.round(milliseconds)} ms)\n`;
}
