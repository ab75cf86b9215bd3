import type { Unknown } from '../kernel/facts/fact.ts';

/** The levels of findings, the worst first. `failure`: something cannot work as it is. */
export const LEVELS = ['failure', 'warning', 'unknown', 'remark', 'ok'] as const;
export type Level = (typeof LEVELS)[number];

/** The way out of a finding: commands that can be run as they are, or a sentence. */
export type Fix = { readonly commands: readonly string[] } | { readonly advice: string };

/** One thing that a check found. */
export interface Finding {
  readonly level: Level;
  /** A clause that says what was seen, and where. */
  readonly seen: string;
  /** Sentences that say why it matters. Each finding but `ok` has some. */
  readonly why?: string;
  /** Each warning and each failure has one. */
  readonly fix?: Fix;
}

export function run(...commands: readonly string[]): Fix {
  return { commands };
}

export function advise(advice: string): Fix {
  return { advice };
}

export function ok(seen: string): Finding {
  return { level: 'ok', seen };
}

export function remark(seen: string, why: string, fix?: Fix): Finding {
  return { level: 'remark', seen, why, ...(fix && { fix }) };
}

export function warning(seen: string, why: string, fix: Fix): Finding {
  return { level: 'warning', seen, why, fix };
}

export function failure(seen: string, why: string, fix: Fix): Finding {
  return { level: 'failure', seen, why, fix };
}

/** A finding about a fact that could not be read. `subject` is a noun phrase. */
export function notKnown(subject: string, { reason, needsRoot }: Unknown, help?: Fix): Finding {
  const fix = needsRoot ? AS_ROOT : help;
  return { level: 'unknown', seen: `${subject}: ${reason}`, why: NOT_KNOWN, ...(fix && { fix }) };
}

const NOT_KNOWN = 'This could not be checked: it may be well or not.';
export const AS_ROOT: Fix = run('sudo ipvstate doctor');

const SHOWN = 3;

/** Returns the first names of a list, and how many there are besides. */
export function listOf(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return `${names.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
