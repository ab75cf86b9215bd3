import { describe, expect, it } from 'vitest';
import { decodeDocument, encodeDocument } from '../../src/fleet/document.ts';
import { isSameReport, NODE_REPORT, shortReport } from '../../src/fleet/node-report.ts';
import { DAEMON_LIFE, hasGeneration, nodesOf } from '../../src/fleet/nodes.ts';
import { encodedProgress, encodedReport, REPORT } from './node-reports.ts';

const entry = (key: string, value: Buffer) => ({ key: `/prod/${key}`, value });
const NOTHING = Buffer.alloc(0);

const REPORT_READ = expect.objectContaining({ health: 'in-sync' });

describe('the nodes of a fleet', () => {
  it('are those that ever reported, and those with files, by name', () => {
    const entries = [
      entry('nodes/lb2/life/b', encodeDocument(DAEMON_LIFE, { host: 'director-2' })),
      entry('nodes/lb2/progress', encodedProgress({ stage: 'taken' })),
      entry('nodes/lb4/member', NOTHING),
      entry('reports/lb2', encodedReport()),
      entry('reports/lb1', encodedReport()),
    ];
    const none = { isReporting: false, daemons: [], report: undefined, progress: undefined };
    expect(nodesOf('/prod', entries, ['lb3', 'lb1'])).toEqual([
      { ...none, name: 'lb1', report: REPORT_READ, problem: undefined },
      {
        ...{ name: 'lb2', isReporting: true, report: REPORT_READ, problem: undefined },
        ...{ daemons: [{ id: 'b', host: 'director-2' }] },
        progress: expect.objectContaining({ stage: 'taken' }),
      },
      { ...none, name: 'lb3', problem: undefined },
      { ...none, name: 'lb4', problem: undefined },
    ]);
  });

  it.each([
    ['of a later version', { version: 2 }, 'etcd:/prod/reports/lb1 has version 2'],
    ['that is no report', { format: 'x' }, 'etcd:/prod/reports/lb1 is no ipvstate-node-report'],
    ['without its members', { generation: 7 }, 'etcd:/prod/reports/lb1 is damaged'],
    ['that is too large', { more: 'x'.repeat(70_000) }, 'has more than 65536 bytes'],
  ])('show a report %s as a problem of its node alone', (_, members, problem) => {
    const damaged = { ...JSON.parse(encodedReport().toString()), ...members };
    const entries = [
      entry('reports/lb1', Buffer.from(JSON.stringify(damaged))),
      entry('reports/lb2', encodedReport()),
      entry('reports/\u001b[31m', encodedReport()),
    ];
    const [lb1, lb2, ...others] = nodesOf('/prod', entries);
    expect(lb1).toMatchObject({ report: undefined, problem: expect.stringContaining(problem) });
    expect(lb2?.report?.health).toBe('in-sync');
    expect(others).toEqual([]);
  });

  it.each([
    ['of an earlier version', 'nodes/lb1/life', NOTHING],
    ['of a later version', 'nodes/lb1/life/c', Buffer.from('{"format":"x","version":2}')],
    ['that is too large', 'nodes/lb1/life/c', Buffer.alloc(5000, ' ')],
  ])('take the key of a daemon %s for a daemon on an unknown machine', (_, key, value) => {
    const [lb1] = nodesOf('/prod', [entry(key, value)]);
    expect(lb1).toMatchObject({ isReporting: true, problem: undefined });
    expect(lb1?.daemons).toEqual([{ id: expect.any(String), host: undefined }]);
  });

  it('have a generation when they report, are healthy, and have applied it or a later one', () => {
    const node = {
      name: 'lb1',
      isReporting: true,
      daemons: [{ id: 'a', host: 'director-1' }],
      report: REPORT,
      progress: undefined,
      problem: undefined,
    };
    expect(hasGeneration(node, 1)).toBe(true);
    expect(hasGeneration(node, 2)).toBe(false);
    expect(hasGeneration({ ...node, isReporting: false, daemons: [] }, 1)).toBe(false);
    expect(hasGeneration({ ...node, report: { ...REPORT, healthy: false } }, 1)).toBe(false);
    expect(hasGeneration({ ...node, report: undefined }, 1)).toBe(false);
  });

  it('do not have a generation for sure when two daemons report under one name', () => {
    const daemons = ['a', 'b'].map((id) => ({ id, host: 'director-1' }));
    const known = { progress: undefined, problem: undefined };
    const node = { name: 'lb1', isReporting: true, report: REPORT, ...known };
    expect(hasGeneration({ ...node, daemons }, 1)).toBe(false);
    expect(hasGeneration({ ...node, daemons: daemons.slice(1) }, 1)).toBe(true);
  });
});

describe('a report', () => {
  it('is shortened to what its readers take', () => {
    const long = 'x'.repeat(5000);
    const report = {
      ...REPORT,
      why: Array.from({ length: 50 }, () => long),
      error: { message: long, position: { file: long, line: 1, column: 1 } },
    };
    const bytes = encodedReport(shortReport(report));
    const unshortened = encodedReport({ ...report, why: [long] });
    expect(decodeDocument('key', bytes, NODE_REPORT).why).toHaveLength(10);
    expect(() => decodeDocument('key', unshortened, NODE_REPORT)).toThrow('is damaged');
  });

  it('says the same when only its times differ', () => {
    const later = { ...REPORT, at: '2026-11-30T13:00:00.000Z', since: '2026-11-30T11:00:00.100Z' };
    expect(isSameReport(REPORT, later)).toBe(true);
    expect(isSameReport(REPORT, { ...later, overrides: 1 })).toBe(false);
  });
});
