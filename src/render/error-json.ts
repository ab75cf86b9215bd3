import { type ErrorCode, IpvstateError } from '../errors.ts';
import { ConfigurationError, type Issue } from '../model/issue.ts';
import { printableEcho } from '../model/printable.ts';
import { formatJson } from './json.ts';

/** The end of a command that failed, as it is told. */
export interface ErrorView {
  readonly code: ErrorCode;
  readonly message: string;
  /** The step that the operator can take. */
  readonly hint: string | undefined;
  /** The issues of invalid files. */
  readonly issues?: readonly Issue[];
}

/** Describes anything that was thrown. What is not an `IpvstateError` is a bug. */
export function errorView(error: unknown): ErrorView {
  if (error instanceof IpvstateError) {
    const { code, message, hint } = error;
    return {
      code,
      message,
      hint,
      ...(error instanceof ConfigurationError && { issues: error.issues }),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'INTERNAL',
    message: `this is a bug: ${message}`,
    hint: 'Run again with IPVSTATE_TRACE=1 for the stack, and report it.',
  };
}

/** Describes an error of a command line, whose words can be in the message. */
export function commandErrorView(error: unknown, argv: readonly string[]): ErrorView {
  const view = errorView(error);
  return {
    ...view,
    message: printableEcho(view.message, argv),
    hint: view.hint && printableEcho(view.hint, argv),
  };
}

/** Formats an error as the JSON document of schemas/error.schema.json. */
export function formatErrorJson(view: ErrorView, exitCode: number): string {
  const { code, message, hint = null, issues } = view;
  return formatJson({
    format: 'ipvstate-error',
    version: 1,
    error: { code, message, hint, exit_code: exitCode },
    ...(issues && { issues }),
  });
}
