import type { LdirectordReading } from './read.ts';

/** The subject of a statement. The table has those of `table`; the others have no counterpart. */
export type Subject =
  | 'table'
  | 'label'
  | 'check'
  | 'timing'
  | 'fallback'
  | 'command'
  | 'alert'
  | 'daemon'
  | 'instance';

/** Statements that stand within a virtual service, and outside of all. */
const ANYWHERE: Readonly<Record<string, Subject>> = {
  checktimeout: 'timing',
  negotiatetimeout: 'timing',
  checkinterval: 'timing',
  checkcount: 'check',
  failurecount: 'timing',
  quiescent: 'timing',
  fallback: 'fallback',
  fallback6: 'fallback',
  fallbackcommand: 'command',
  emailalert: 'alert',
  emailalertfreq: 'alert',
  emailalertstatus: 'alert',
  smtp: 'alert',
  cleanstop: 'daemon',
};

/** The statements of a virtual service. */
export const INSIDE: Readonly<Record<string, Subject>> = {
  ...ANYWHERE,
  real: 'table',
  real6: 'table',
  scheduler: 'table',
  persistent: 'table',
  netmask: 'table',
  protocol: 'table',
  ops: 'table',
  schedflags: 'table',
  checktype: 'table',
  servicename: 'label',
  comment: 'label',
  service: 'check',
  checkcommand: 'check',
  checkport: 'check',
  request: 'check',
  receive: 'check',
  httpmethod: 'check',
  virtualhost: 'check',
  load: 'check',
  login: 'check',
  passwd: 'check',
  database: 'check',
  secret: 'check',
  monitorfile: 'daemon',
};

/** The statements before, between and after the virtual services. */
export const OUTSIDE: Readonly<Record<string, Subject>> = {
  ...ANYWHERE,
  virtual: 'table',
  virtual6: 'table',
  readdquiescent: 'check',
  emailalertfrom: 'alert',
  autoreload: 'daemon',
  callback: 'daemon',
  logfile: 'daemon',
  fork: 'daemon',
  supervised: 'daemon',
  maintenancedir: 'daemon',
  execute: 'instance',
};

export const CHECK = 'write health in the new file: `ipvstate help health-checks`';

/** The kind of a statement that is not carried over, in words, and advice about it. */
const NOT_CARRIED_KINDS: Readonly<
  Partial<Record<Subject, { readonly kind: string; readonly hint?: string }>>
> = {
  check: { kind: 'setting of health checks', hint: CHECK },
  timing: { kind: 'setting of health checks', hint: CHECK },
  fallback: {
    kind: 'fallback',
    hint: 'write it as fallback in health: `ipvstate help health-checks`',
  },
  command: { kind: 'command for a fallback' },
  alert: { kind: 'e-mail alert' },
  daemon: { kind: 'setting of the ldirectord process' },
  instance: {
    kind: 'another configuration that ldirectord starts',
    hint: 'import that file, too',
  },
};

/** Lists a statement that has no counterpart. */
export function leaveOut(
  { reading, notCarried }: Pick<LdirectordReading, 'reading' | 'notCarried'>,
  subject: Subject,
  at: number,
): void {
  const kind = NOT_CARRIED_KINDS[subject];
  if (kind) notCarried.add(kind.kind, reading.position(at), kind.hint);
}

/** The values of `checktype`. A number is connect, and negotiate after so many. */
export const CHECK_TYPES = /^(?:connect|negotiate|ping|off|on|external|external-perl|\d+)$/;
