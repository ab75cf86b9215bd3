import type { Verb } from './declare/define-verb.ts';

/** Ties each name to the file whose verb has this name. */
function verbFiles<Name extends string>(
  files: {
    readonly [N in Name]: () => Promise<Verb<N>>;
  },
): Readonly<Record<Name, () => Promise<Verb>>> {
  return files;
}

/**
 * Every verb, in the order of the help. A verb's file is loaded when the verb is called, because
 * most verbs need little of the program. The help loads all of them.
 */
export const VERBS = verbFiles({
  validate: async () => (await import('./verbs/validate.ts')).validateVerb,
  push: async () => (await import('./verbs/push.ts')).pushVerb,
  generations: async () => (await import('./verbs/generations.ts')).generationsVerb,
  plan: async () => (await import('./verbs/plan.ts')).planVerb,
  apply: async () => (await import('./verbs/apply.ts')).applyVerb,
  try: async () => (await import('./verbs/try.ts')).tryVerb,
  confirm: async () => (await import('./verbs/confirm.ts')).confirmVerb,
  rollback: async () => (await import('./verbs/rollback.ts')).rollbackVerb,
  'guard-try': async () => (await import('./verbs/guard-try.ts')).guardTryVerb,
  check: async () => (await import('./verbs/check.ts')).checkVerb,
  watch: async () => (await import('./verbs/watch.ts')).watchVerb,
  diff: async () => (await import('./verbs/diff.ts')).diffVerb,
  explain: async () => (await import('./verbs/explain.ts')).explainVerb,
  show: async () => (await import('./verbs/show.ts')).showVerb,
  status: async () => (await import('./verbs/status.ts')).statusVerb,
  health: async () => (await import('./verbs/health.ts')).healthVerb,
  top: async () => (await import('./verbs/top.ts')).topVerb,
  history: async () => (await import('./verbs/history.ts')).historyVerb,
  reload: async () => (await import('./verbs/reload.ts')).reloadVerb,
  approve: async () => (await import('./verbs/approve.ts')).approveVerb,
  fleet: async () => (await import('./verbs/fleet.ts')).fleetVerb,
  pause: async () => (await import('./verbs/pause.ts')).pauseVerb,
  resume: async () => (await import('./verbs/resume.ts')).resumeVerb,
  drain: async () => (await import('./verbs/drain.ts')).drainVerb,
  undrain: async () => (await import('./verbs/undrain.ts')).undrainVerb,
  weight: async () => (await import('./verbs/weight.ts')).weightVerb,
  overrides: async () => (await import('./verbs/overrides.ts')).overridesVerb,
  export: async () => (await import('./verbs/export.ts')).exportVerb,
  import: async () => (await import('./verbs/import.ts')).importVerb,
  fmt: async () => (await import('./verbs/fmt.ts')).fmtVerb,
  doctor: async () => (await import('./verbs/doctor.ts')).doctorVerb,
  completion: async () => (await import('./verbs/completion.ts')).completionVerb,
  complete: async () => (await import('./verbs/complete.ts')).completeVerb,
  schema: async () => (await import('./verbs/schema.ts')).schemaVerb,
  help: async () => (await import('./verbs/help.ts')).helpVerb,
});

/** Verbs that tell about all verbs. */
const ABOUT_ALL: readonly string[] = ['help', 'complete'];

/**
 * Loads the verb that a command line begins with, or all of them when it begins with none, or with
 * one that tells about all. The version is printed without any.
 */
export async function loadVerbs([first = '']: readonly string[]): Promise<readonly Verb[]> {
  if (first === '-V' || first === '--version') return [];
  const called = Object.entries(VERBS).find(([name]) => name === first);
  const files = called && !ABOUT_ALL.includes(first) ? [called[1]] : Object.values(VERBS);
  return Promise.all(files.map((load) => load()));
}
