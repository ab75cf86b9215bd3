import type { ServiceKey } from '../../model/service.ts';
import { commentLines } from './comments.ts';
import { yamlQuoted } from './yaml-scalar.ts';

/** A scope of the services that a table has, for a table to which another program writes, too. */
export interface WrittenScope {
  /** Sentences about the scope, for a person who edits it. */
  readonly comments: readonly string[];
}

/** Formats `manage`: exactly these services. Nothing for no services, which no scope can have. */
export function manageLines(
  scope: WrittenScope | undefined,
  services: Iterable<ServiceKey>,
): string[] {
  const selectors = Array.from(services, (key) => `    - { service: ${selectorText(key)} }`);
  if (scope === undefined || selectors.length === 0) return [];
  return [...commentLines(scope.comments), 'manage:', '  include:', ...selectors, ''];
}

/** The same as an object, for JSON. */
export function manageOf(scope: WrittenScope | undefined, services: Iterable<ServiceKey>) {
  const include = Array.from(services, (service) => ({ service }));
  return scope === undefined || include.length === 0 ? undefined : { include };
}

function selectorText(key: ServiceKey): string {
  return /\[|\/ipv6$/.test(key) ? yamlQuoted(key) : key;
}
