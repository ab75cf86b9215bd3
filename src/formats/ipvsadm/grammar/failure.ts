/** The reason why a command line cannot run. */
export interface Failure {
  readonly kind: 'failure';
  /** The text that ipvsadm prints, without the final newline. */
  readonly message: string;
  /** ipvsadm's exit status. */
  readonly exit: 2 | 255;
  /** Index of the word at fault; undefined when a word is missing. */
  readonly word: number | undefined;
}

export function failure(message: string, word?: number, exit: 2 | 255 = 2): Failure {
  return { kind: 'failure', message, exit, word };
}

export function isFailure(value: unknown): value is Failure {
  return (
    typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'failure'
  );
}

/** The text that ipvsadm prints for a command line without a command. */
export function tryLine(programName: string): string {
  return `Try \`${programName} -h' or '${programName} --help' for more information.`;
}
