import type { Status } from '../../src/daemon/status/status.ts';

/** The status of a daemon without any problem, with some fields replaced. */
export function statusOf(rest: Partial<Status> = {}): Status {
  return {
    format: 'ipvstate-status',
    version: 1,
    program: { version: '1.2.3', pid: 42, started: '2026-05-04T11:00:00.000Z' },
    health: 'in-sync',
    health_since: '2026-05-04T12:00:00.000Z',
    why: [],
    drift: 'correct',
    files: [{ path: 'a.yaml', sha256: 'e3b0c44298fc1c149afbf4c8996fb924', problem: null }],
    config: {
      valid: true,
      last_success: '2026-05-04T12:00:00.000Z',
      services: 2,
      destinations: 1,
      error: null,
    },
    error: null,
    last_pass: null,
    waiting: null,
    unserved: [],
    differences: [],
    drains: [],
    contested: [],
    paused: null,
    overrides: [],
    watch: { mode: 'inotify', reason: null },
    ...rest,
  };
}
