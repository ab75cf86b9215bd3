import { expect, it, onTestFinished } from 'vitest';
import { FleetMember } from '../../src/daemon/fleet/member.ts';
import { createLog } from '../../src/daemon/log/log.ts';
import { encodeDocument } from '../../src/fleet/document.ts';
import { DAEMON_LIFE } from '../../src/fleet/nodes.ts';
import { INITIAL_STATE } from '../../src/reconcile/loop/loop-state.ts';
import { openEtcd } from '../../src/sources/etcd/client.ts';
import { FakeEtcd } from '../support/fake-etcd.ts';
import { until } from '../support/until.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { statusOf } from './statuses.ts';

/** A member of a fleet whose time a test moves. */
async function joining(etcd: FakeEtcd, netns: string) {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const member = new FleetMember({
    client: openEtcd({ hosts: [etcd.host], prefix: '/prod' }, {}),
    ...{ hosts: [etcd.host], prefix: '/prod', node: 'lb1', clock, life: { boot: 'b', netns } },
    log: createLog({ format: 'journal', level: 'info', write: (text) => lines.push(text) }),
    now: () => new Date('2026-11-30T12:00:00Z'),
    state: () => INITIAL_STATE,
    status: () => statusOf(),
    rollout: () => undefined,
    overrides: { report: [], held: [], problem: undefined },
  });
  const looks = (): number => etcd.rangeCount('/prod/nodes/lb1/life/');
  const writes = (): number => etcd.requests.get('/v3/kv/txn') ?? 0;
  const before = writes();
  member.changed();
  /** Moves the time until a condition holds. */
  const passUntil = (what: string, holds: () => boolean) =>
    until(what, async () => {
      await clock.advance(1000);
      return holds();
    });
  await passUntil('it reports, and looks for others', () => writes() > before);
  const lives = () => etcd.keys().filter((key) => key.startsWith('/prod/nodes/lb1/life/'));
  return { lines, passUntil, lives, looks };
}

async function startEtcd(): Promise<FakeEtcd> {
  const etcd = await new FakeEtcd().start();
  onTestFinished(() => etcd.stop());
  return etcd;
}

it('a member logs once that another daemon has its name, and that it is gone', async () => {
  const etcd = await startEtcd();
  const { lines, passUntil, looks } = await joining(etcd, '1');
  const host = 'director-\u001b[2J';
  const life = encodeDocument(DAEMON_LIFE, { host }).toString();
  etcd.put('/prod/nodes/lb1/life/other', life);
  etcd.put('/prod/nodes/lb1/life/old', '');
  await passUntil('it says so', () => lines.length > 0);
  const before = looks();
  await passUntil('it looks twice more', () => looks() >= before + 2);
  expect(lines.join('')).toBe(
    '<4>another daemon reports as lb1, too: on an unknown machine, director-\\u001b[2J\n' +
      '<4>Each hides the reports of the other. Give each director a --node of its own.\n',
  );
  for (const id of ['other', 'old']) etcd.delete(`/prod/nodes/lb1/life/${id}`);
  await passUntil('it says so', () => lines.length > 1);
  expect(lines[1]).toBe('<6>no other daemon reports as lb1 any more\n');
});

it('a member that starts again for the same table is the same daemon, another table is not', async () => {
  const etcd = await startEtcd();
  const { lives } = await joining(etcd, '1');
  await joining(etcd, '1');
  expect(lives()).toHaveLength(1);
  await joining(etcd, '2');
  expect(lives()).toHaveLength(2);
});
