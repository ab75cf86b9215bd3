import type { KernelError } from '../errors.ts';
import { formatOperationAsIpvsadm } from '../formats/ipvsadm/lines.ts';
import type { Counters } from '../model/ipvs.ts';
import type { Position } from '../model/issue.ts';
import type { Operation } from '../model/operation.ts';
import { type ServiceKey, serviceKey } from '../model/service.ts';
import { type Change, changeAction, summarize } from '../plan/change.ts';
import type { Drain } from '../plan/drain/drain.ts';
import {
  changeFields,
  daemonFields,
  destinationFields,
  fieldChanges,
  serviceFields,
  timeoutFields,
} from '../plan/fields.ts';
import type { Refusal } from '../plan/guard.ts';
import { impactOf } from '../plan/impact.ts';
import type { Plan } from '../plan/plan.ts';
import type { Report } from '../plan/report.ts';
import type { SysctlDifference } from '../plan/sysctls.ts';
import type { ChangesContext } from './changes.ts';
import type { Json } from './json.ts';
import { overrideNoteJson } from './overrides.ts';

/** JSON document of a plan (schemas/plan.schema.json). */
export function planJson(
  plan: Plan,
  refusals: readonly Refusal[],
  context: ChangesContext,
): { readonly [key: string]: Json } {
  return {
    format: 'ipvstate-plan',
    version: 1,
    noop: plan.changes.length === 0,
    summary: summaryJson(plan.changes),
    changes: plan.changes.map((change) => changeJson(change, context)),
    waves: plan.waves.map(({ purpose, steps }) => ({
      purpose,
      operations: steps.map(({ operation, change }) => ({ change, ...operationJson(operation) })),
    })),
    refusals: refusals.map(refusalJson),
    foreign_services: context.foreign?.size ?? 0,
    drains: [...(context.drains?.values() ?? [])].map(drainJson),
    overrides: [...(context.overrides?.values() ?? [])].map(overrideNoteJson),
    sysctl_differences: (context.sysctlDifferences ?? []).map(sysctlJson),
    warnings: context.warnings ?? [],
  };
}

/** JSON document of a report (schemas/report.schema.json). */
export function reportJson(
  report: Report,
  exitCode: number,
  context: ChangesContext,
): { readonly [key: string]: Json } {
  return {
    format: 'ipvstate-report',
    version: 1,
    outcome: report.outcome,
    exit_code: exitCode,
    passes: report.passes,
    operations_done: report.done,
    summary: summaryJson(report.plan.changes),
    changes: report.plan.changes.map((change) => changeJson(change, context)),
    failures: report.failures.map(({ operation, error }) => ({
      ...operationJson(operation),
      error: errorJson(error),
    })),
    error: report.error
      ? { code: report.error.code, message: report.error.message, hint: report.error.hint ?? null }
      : null,
    refusals: report.refusals.map(refusalJson),
    differences: report.differences.map((change) => changeJson(change, { counters: NO_COUNTERS })),
    contested: report.contested,
    foreign_services: context.foreign?.size ?? 0,
    drains: report.drains.map(drainJson),
    overrides: report.overrides.map(overrideNoteJson),
    sysctl_differences: (context.sysctlDifferences ?? []).map(sysctlJson),
    warnings: report.warnings,
  };
}

const NO_COUNTERS: Counters = new Map();

export function changeJson(
  change: Change,
  context: ChangesContext,
): { readonly [key: string]: Json } {
  const { before, after } = changeFields(change);
  const name = 'service' in change ? context.names?.get(change.service) : undefined;
  const position = context.locate?.(change);
  return {
    action: changeAction(change),
    object: change.object,
    ...subjectJson(change),
    ...(name === undefined ? {} : { name }),
    before,
    after,
    edits: before && after ? fieldChanges(before, after).map((edit) => ({ ...edit })) : [],
    impact: { ...impactOf(change, context.counters) },
    cause: 'config',
    ...(position ? { position: positionJson(position) } : {}),
  };
}

function subjectJson(change: Change): { readonly [key: string]: Json } {
  switch (change.object) {
    case 'service':
      return {
        service: change.service,
        destinations: (change.after ?? change.before)?.destinations.size ?? 0,
      };
    case 'destination':
      return { service: change.service, destination: change.destination };
    case 'sysctl':
      return { sysctl: change.name };
    case 'timeouts':
      return {};
    case 'daemon':
      return { role: change.role };
    default:
      return change satisfies never;
  }
}

/** JSON of an operation, with an ipvsadm command line that does the same. */
function operationJson(operation: Operation): { readonly [key: string]: Json } {
  return {
    kind: operation.kind,
    ...argumentsJson(operation),
    ipvsadm: formatOperationAsIpvsadm(operation),
  };
}

function argumentsJson(operation: Operation): { readonly [key: string]: Json } {
  switch (operation.kind) {
    case 'add-service':
    case 'edit-service':
      return { service: operation.service.key, settings: serviceFields(operation.service) };
    case 'delete-service':
      return { service: serviceKey(operation.service) };
    case 'add-destination':
    case 'edit-destination':
      return {
        service: serviceKey(operation.service),
        destination: operation.destination.key,
        settings: destinationFields(operation.destination),
      };
    case 'delete-destination':
      return { service: serviceKey(operation.service), destination: operation.destination.key };
    case 'set-sysctl':
      return { sysctl: operation.name, settings: { value: operation.value } };
    case 'set-timeouts':
      return { settings: timeoutFields(operation.timeouts) };
    case 'start-daemon':
      return { role: operation.daemon.role, settings: daemonFields(operation.daemon) };
    case 'stop-daemon':
      return { role: operation.role };
    case 'zero':
      return operation.service ? { service: serviceKey(operation.service) } : {};
    case 'flush':
      return {};
    default:
      return operation satisfies never;
  }
}

/** Counts changes by their objects and actions. */
export function summaryJson(changes: readonly Change[]): Json {
  const { services, destinations, settings } = summarize(changes);
  return {
    services: { ...services },
    destinations: { ...destinations },
    settings: { ...settings },
  };
}

function refusalJson(refusal: Refusal): Json {
  const services: readonly ServiceKey[] = refusal.services;
  return { guard: refusal.guard, message: refusal.message, flag: refusal.flag, services };
}

function drainJson(drain: Drain): Json {
  const { service, destination, connections, remembered, weight, leaving = false } = drain;
  return {
    service,
    destination,
    connections,
    remembered,
    seconds_left: Math.ceil(drain.secondsLeft),
    linger_seconds: Math.ceil(drain.lingerSeconds),
    weight,
    service_leaves: leaving,
  };
}

function sysctlJson({ name, live, desired }: SysctlDifference): Json {
  return { name, live: live ?? null, desired };
}

function errorJson(error: KernelError): Json {
  return { code: error.code, errno: error.errno, message: error.message, hint: error.hint ?? null };
}

function positionJson({ file, line, column }: Position): Json {
  return { file, line, column };
}
