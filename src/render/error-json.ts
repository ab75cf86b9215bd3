import { type ErrorCode, IpvstateError } from '../errors.ts';
import { ConfigurationError } from '../model/issue.ts';
import { formatJson } from './json.ts';

/** The end of a command that failed, as it is told. */
export interface ErrorView {
  readonly code: ErrorCode;
  readonly message: string;
  /** The step that the operator can take. */
  readonly hint: string | undefined;
}

/** Describes anything that was thrown. What is not an `IpvstateError` is a bug. */
export function errorView(error: unknown): ErrorView {
  if (error instanceof IpvstateError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'INTERNAL',
    message: `this is a bug: ${message}`,
    hint: 'Run again with IPVSTATE_TRACE=1 for the stack, and report it.',
  };
}

/** Formats an error as the JSON document of schemas/error.schema.json. */
export function formatErrorJson(view: ErrorView, exitCode: number): string {
  const { code, message, hint = null } = view;
  return formatJson({
    format: 'ipvstate-error',
    version: 1,
    error: { code, message, hint, exit_code: exitCode },
    ...(view instanceof ConfigurationError && { issues: view.issues }),
  });
}
