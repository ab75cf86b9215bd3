/** The reason why a value or an exit status is not certain. */
export interface Doubt {
  /**
   * `assumed`: the run takes it for granted, and says so where a call of ipvsadm depends on it.
   * `unknown`: nothing can be said, and a call of ipvsadm must not depend on it.
   */
  readonly kind: 'assumed' | 'unknown';
  /** For `assumed` a sentence, such as "`ping` succeeds". For `unknown` a noun. */
  readonly reason: string;
  /** The place of the cause in the script. */
  readonly at: number;
}

/** Text that a run has made. */
export interface Value {
  /** Without meaning when the doubt is `unknown`. */
  readonly text: string;
  readonly doubt?: Doubt | undefined;
  /** The name of a variable in it that has no value. */
  readonly unset?: string | undefined;
}

/** A word of a command after all expansions. */
export interface Field extends Value {
  readonly at: number;
}

/** The end of a command. */
export interface Status {
  readonly code: number;
  readonly doubt?: Doubt | undefined;
}

export const EMPTY: Value = { text: '' };
export const SUCCESS: Status = { code: 0 };
export const FAILURE: Status = { code: 1 };

export function unknown(reason: string, at: number): Doubt {
  return { kind: 'unknown', reason, at };
}

export function assumed(reason: string, at: number): Doubt {
  return { kind: 'assumed', reason, at };
}

export function unknownValue(reason: string, at: number): Value {
  return { text: '', doubt: unknown(reason, at) };
}

export function isUnknown({ doubt }: { readonly doubt?: Doubt | undefined }): boolean {
  return doubt?.kind === 'unknown';
}

/** The strongest doubt of several: an unknown part makes the whole unknown. */
export function doubtOf(
  parts: readonly { readonly doubt?: Doubt | undefined }[],
): Doubt | undefined {
  return (parts.find(isUnknown) ?? parts.find(({ doubt }) => doubt))?.doubt;
}

export function joinValues(values: readonly Value[], separator = ''): Value {
  const [first, ...others] = values;
  if (!first) return EMPTY;
  if (others.length === 0) return first;
  return {
    text: values.map(({ text }) => text).join(separator),
    doubt: doubtOf(values),
    unset: values.find(({ unset }) => unset !== undefined)?.unset,
  };
}

/** The value of a function of other values: it has their doubt. */
export function derived(text: string, from: readonly Value[]): Value {
  const doubt = doubtOf(from);
  return doubt ? { text, doubt } : { text };
}

/** 0 for true. The status has the doubt of the values that decide it. */
export function statusOf(
  isTrue: boolean,
  from: readonly { readonly doubt?: Doubt | undefined }[] = [],
): Status {
  const doubt = doubtOf(from);
  return { code: isTrue ? 0 : 1, ...(doubt && { doubt }) };
}
