/** Why a command line cannot be run. Nothing was done. */
export interface Failure {
  readonly kind: 'failure';
  /** What ipvsadm prints, without the final newline. */
  readonly message: string;
  /** ipvsadm's exit status. */
  readonly exit: 2 | 255;
  /** Index of the offending word; undefined when it is what is missing. */
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

/** What ipvsadm prints when the command line holds no command. */
export function tryLine(programName: string): string {
  return `Try \`${programName} -h' or '${programName} --help' for more information.`;
}
