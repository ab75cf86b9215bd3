export { mergeDesired } from './config/merge.ts';
export { parseConfig } from './config/parse.ts';
export { formatConfigJson } from './config/write/json.ts';
export { type Exportable, type FormatOptions, formatConfig } from './config/write/yaml.ts';
export { type ErrnoName, type ErrorCode, IpvstateError, KernelError } from './errors.ts';
export { formatSave } from './formats/ipvsadm/save.ts';
export { parseScript } from './formats/ipvsadm/script.ts';
export { openKernel } from './kernel/netlink/client.ts';
export { withSysctls } from './kernel/sysctls.ts';
export { type Address, type Family, parseAddress } from './model/address.ts';
export type { Desired, Limit, Limits } from './model/desired.ts';
export type {
  Destination,
  DestinationKey,
  DestinationSettings,
  Forward,
  TunnelChecksum,
  TunnelType,
} from './model/destination.ts';
export type {
  DrainKey,
  DrainPolicy,
  DrainRecord,
  DrainStore,
  PendingDrain,
} from './model/drain.ts';
export type {
  Connections,
  Counters,
  DestinationCounters,
  Ipvs,
  IpvsInfo,
  ReadOptions,
  Refused,
  ServiceCounters,
  Snapshot,
  Stats,
  Unmanageable,
} from './model/ipvs.ts';
export type { Issue, IssueCode, Position } from './model/issue.ts';
export type { Operation } from './model/operation.ts';
export type { Policy, Preserve, ServicePolicy, SysctlPolicy } from './model/policy.ts';
export { isManaged, type Manage, type ServiceSelector } from './model/policy.ts';
export {
  type Protocol,
  parseServiceKey,
  type Service,
  type ServiceIdentity,
  type ServiceKey,
  type ServiceSettings,
  serviceKey,
} from './model/service.ts';
export type { Daemon, DaemonRole, Timeouts } from './model/settings.ts';
export type { RunStage, StageCounts, StageName } from './model/stage.ts';
export {
  type ServiceEntry,
  sortedDestinations,
  sortedServices,
  type Table,
} from './model/table.ts';
export { type Change, changeAction, type Summary, summarize } from './plan/change.ts';
export { diff } from './plan/diff.ts';
export type { Drain } from './plan/drain/drain.ts';
export { type EmbeddedTable, openEmbeddedTable } from './plan/embedded.ts';
export { type Allowances, type GuardName, guard, type Refusal } from './plan/guard.ts';
export type { Purpose } from './plan/place.ts';
export { type Plan, plan, type Step, type Wave } from './plan/plan.ts';
export type { Failure, Report, ReportOutcome } from './plan/report.ts';
export { scope } from './plan/scope.ts';
export type { SysctlDifference } from './plan/sysctls.ts';
export type { ExecuteOptions, OnError } from './reconcile/execute.ts';
export { type Prepared, type PrepareOptions, prepare } from './reconcile/prepare.ts';
export { executePlan, type ReconcileOptions, reconcile } from './reconcile/reconcile.ts';
export { formatChanges } from './render/changes.ts';
export { formatIssues } from './render/issues.ts';
