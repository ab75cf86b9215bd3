import { encodeDocument } from '../../src/fleet/document.ts';
import { NODE_REPORT, type NodeReport } from '../../src/fleet/node-report.ts';
import { NODE_PROGRESS, type ToldProgress } from '../../src/fleet/rollout.ts';

/** A report of a director that is in sync with generation 1. */
export const REPORT: NodeReport = {
  host: 'director-1',
  versions: { ipvstate: '0.1.0', node: '22.12.0', kernel: '6.1.0' },
  started: '2026-11-30T10:00:00.000Z',
  at: '2026-11-30T12:00:00.000Z',
  stopped: false,
  health: 'in-sync',
  healthy: true,
  since: '2026-11-30T11:00:00.000Z',
  why: [],
  generation: { read: 1, in_force: 1, applied: 1 },
  table: 'a'.repeat(64),
  error: null,
  held: null,
  overrides: 0,
};

/** The bytes of `REPORT`, with other members. */
export function encodedReport(members: Partial<NodeReport> = {}): Buffer {
  return encodeDocument(NODE_REPORT, { ...REPORT, ...members });
}

/** The bytes of the progress of a director that waits for generation 2, with other members. */
export function encodedProgress(members: Partial<ToldProgress> = {}): Buffer {
  const progress = { generation: 2, round: 0, halt: null, stopped: false };
  return encodeDocument(NODE_PROGRESS, { ...progress, stage: 'waiting', ...members });
}
