import { errorView, formatErrorJson } from '../../render/error-json.ts';
import { exitCodeOfError } from '../../render/exit.ts';
import type { Page } from './server.ts';

/** An error as the document of `ipvstate schema error`. */
export function errorPage(status: number, error: unknown): Page {
  const body = formatErrorJson(errorView(error), exitCodeOfError(error));
  return { status, type: 'application/json', body };
}
