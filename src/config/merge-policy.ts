import type { Desired, Section } from '../model/desired.ts';
import type { Issue, Position } from '../model/issue.ts';
import { isManaged, type Policy } from '../model/policy.ts';
import type { ServiceKey } from '../model/service.ts';

interface MergedPolicy {
  /** undefined when no file has a policy. */
  readonly policy: Policy | undefined;
  readonly issues: readonly Issue[];
}

/** Merges the policies of several files. `manage` and `sysctls` may be in one file only. */
export function mergePolicies(parts: readonly Desired[], duplicate: Duplicate): MergedPolicy {
  const issues: Issue[] = [];
  const owner = (section: 'manage' | 'sysctls'): Desired | undefined => {
    const [first, ...others] = parts.filter(({ policy }) => policy?.[section] !== undefined);
    for (const other of others)
      issues.push(
        duplicate(MESSAGES[section], other.sections?.[section], first?.sections?.[section]),
      );
    return first;
  };
  const manager = owner('manage');
  const sysctls = owner('sysctls')?.policy?.sysctls;
  const manage = manager?.policy?.manage;
  for (const part of parts) {
    // The services in the file with `manage` were checked when that file was read.
    if (!manage || part === manager) continue;
    for (const { service } of part.services.values()) {
      if (isManaged(manage, service.identity)) continue;
      issues.push(outsideIssue(service.key, part.locate(service.key), manager.sections?.manage));
    }
  }
  const services = new Map(parts.flatMap(({ policy }) => [...(policy?.services ?? [])]));
  const policy = manage || sysctls || services.size > 0 ? { manage, services, sysctls } : undefined;
  return { policy, issues };
}

type Duplicate = (
  message: string,
  position: Position | undefined,
  first: Position | undefined,
) => Issue;

const MESSAGES: Readonly<Record<Extract<Section, 'manage' | 'sysctls'>, string>> = {
  manage: 'what is managed is in two files',
  sysctls: 'the sysctls are in two files',
};

/** The message for a service that the files declare and `manage` leaves out. */
export function describeOutside(service: ServiceKey): {
  readonly message: string;
  readonly hint: string;
} {
  return {
    message: `the service ${service} is outside of what is managed`,
    hint: 'widen manage, or take the service out',
  };
}

function outsideIssue(
  service: ServiceKey,
  position: Position | undefined,
  manage: Position | undefined,
): Issue {
  return {
    code: 'CONFLICT',
    severity: 'error',
    ...describeOutside(service),
    position: position ?? manage ?? { file: '-', line: 1, column: 1 },
    ...(manage ? { related: { message: 'what is managed is here', position: manage } } : {}),
  };
}
