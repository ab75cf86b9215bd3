import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import {
  countNodeStates,
  FIRST_NODE_LISTING,
  listNodes,
  type NodeListing,
  rowsOf,
} from '../../src/daemon/page/fleet/fleet-nodes.ts';
import { verdictOfFleet } from '../../src/daemon/page/fleet/fleet-verdict.ts';
import { answerOf, FLEETS, manyNodes, nodeOf } from './fleet-samples.ts';

const ajv = new Ajv({ strict: false, allErrors: true, formats: { 'date-time': true } });
for (const name of readdirSync('schemas'))
  ajv.addSchema(JSON.parse(readFileSync(`schemas/${name}`, 'utf8')));

const clockTime = (time: string): string => time.slice(11, 19);

function rowsOfScene(name: keyof typeof FLEETS) {
  return rowsOf(
    FLEETS[name].fleet ?? { prefix: '', current: 1, rollout: null, nodes: [], overrides: [] },
  );
}

function names(scene: keyof typeof FLEETS, listing: Partial<NodeListing>): string {
  const rows = listNodes(rowsOfScene(scene), { ...FIRST_NODE_LISTING, ...listing });
  return rows.map(({ node }) => node.node).join(' ');
}

it.each(Object.entries(FLEETS))('the sample %s is as the published schema says', (_, answer) => {
  const validate = ajv.getSchema('urn:ipvstate:schema:api-fleet:1');
  validate?.(answer);
  expect(validate?.errors ?? []).toEqual([]);
});

describe('the verdict about a fleet', () => {
  const verdictOf = (name: keyof typeof FLEETS) => verdictOfFleet(FLEETS[name], clockTime);

  it('says that all directors are in sync, and with which generation', () => {
    expect(verdictOf('all-in-sync')).toMatchObject({
      ...{ title: 'All in sync', tone: 'good', reasons: [], help: [] },
      meaning: '5 of 5 directors have generation 7.',
    });
  });

  it('says which wave of a rollout goes on, and whom the next one waits for', () => {
    expect(verdictOf('rolling-out')).toMatchObject({
      ...{ title: 'Rolling out: wave 2 of 3', tone: 'info' },
      meaning: '2 of 5 directors have generation 7. In this wave, 0 of 2 directors are done.',
      reasons: ['lb3, away: the next wave waits for it'],
      help: [{ command: 'ipvstate fleet halt etcd://etcd1:2379,etcd2:2379/ipvstate/prod' }],
    });
  });

  it('says why a rollout is halted, and how to go on and back', () => {
    const refused = 'the kernel refuses backup sync daemon: eth9 is no interface of this machine';
    expect(verdictOf('halted')).toMatchObject({
      ...{ title: 'Halted', tone: 'bad' },
      meaning: 'The rollout of generation 7 is halted: lb2 failed.',
      reasons: [
        '1 of 5 directors has generation 7; the others keep what they have',
        `lb2, failed: ${refused}`,
      ],
      help: [
        { command: expect.stringContaining('fleet resume etcd://') },
        { command: expect.stringContaining('fleet rollback etcd://') },
      ],
    });
  });

  it('says who halted a rollout by hand', () => {
    const { fleet, ...rest } = FLEETS.halted;
    const rollout = fleet?.rollout
      ? { ...fleet.rollout, halt: 'by ann@ops: wait', base: null }
      : null;
    const verdict = verdictOfFleet({ ...rest, fleet: fleet && { ...fleet, rollout } }, clockTime);
    expect(verdict.meaning).toBe('The rollout of generation 7 is halted by ann@ops: wait.');
    expect(verdict.help).toHaveLength(1);
  });

  it('names the directors that are not in sync, each with its first reason', () => {
    expect(verdictOf('not-in-sync')).toMatchObject({
      ...{ title: '1 of 7 in sync', tone: 'warn' },
      reasons: [
        'lb2, invalid: the configuration is invalid',
        'lb3, held: it deletes 5 of 6 services',
        'lb4, stopped',
        'lb5, name taken: 2 daemons report under this name: on director-5, director-9',
        'lb6, unreadable: its report cannot be read: etcd:/ipvstate/prod/reports/lb6 has version 2',
        'and 1 more',
      ],
    });
  });

  it('says since when etcd is away, and of when the directors are', () => {
    expect(verdictOf('etcd-is-away')).toMatchObject({
      ...{ title: 'etcd is away', tone: 'warn' },
      meaning: 'It cannot be read since 12:21:04. The directors are shown as at 12:21:00.',
    });
  });

  it('never calls a fleet in sync that could not be read', () => {
    const away = answerOf(null, { stale: true, reason: 'refused', since: '2026-05-04T12:00:00Z' });
    expect(verdictOfFleet(away, clockTime)).toMatchObject({
      meaning: 'It cannot be read since 12:00:00.',
    });
    expect(verdictOfFleet(answerOf(null), clockTime)).toMatchObject({ title: 'Not known' });
    expect(verdictOfFleet(answerOf({ nodes: [] }), clockTime)).toMatchObject({
      title: 'No directors',
    });
  });
});

describe('the list of the directors', () => {
  it('has the worst state first', () => {
    expect(names('not-in-sync', {})).toBe('lb5 lb3 lb2 lb6 lb4 lb7 lb1');
    expect(names('halted', {})).toBe('lb2 lb3 lb4 lb5 lb1');
  });

  it('tells a director that waits from one that applies', () => {
    expect(rowsOfScene('rolling-out').map(({ state }) => state)).toEqual([
      'in-sync',
      'in-sync',
      'away',
      'waiting',
      'waiting',
    ]);
    const open = answerOf({ nodes: [nodeOf('lb1', { has_current: false })] }).fleet;
    expect(open && rowsOf(open)[0]?.state).toBe('applying');
  });

  it('is sorted by name, with numbers as numbers, by generation and by wave', () => {
    const { fleet } = manyNodes(40);
    const rows = fleet ? rowsOf(fleet) : [];
    const sorted = listNodes(rows, { ...FIRST_NODE_LISTING, sort: 'name' });
    expect(sorted.slice(0, 3).map(({ node }) => node.node)).toEqual([
      'site-1-lb1',
      'site-1-lb2',
      'site-1-lb3',
    ]);
    expect(names('rolling-out', { sort: 'generation' })).toBe('lb3 lb4 lb5 lb1 lb2');
    expect(names('rolling-out', { sort: 'wave' })).toBe('lb1 lb2 lb3 lb4 lb5');
  });

  it('is filtered by words in names, machines and messages, and by state', () => {
    expect(names('not-in-sync', { text: '30-SHOP 4:7' })).toBe('lb2');
    expect(names('not-in-sync', { text: 'director-9' })).toBe('lb5');
    expect(names('not-in-sync', { state: 'held' })).toBe('lb3');
    expect(names('not-in-sync', { text: 'lb3', state: 'stopped' })).toBe('');
  });

  it('puts a state of a later version first', () => {
    const fleet = answerOf({
      nodes: [nodeOf('lb1'), nodeOf('lb2', { healthy: false, health: 'melting' })],
    }).fleet;
    const rows = fleet ? rowsOf(fleet) : [];
    expect(countNodeStates(rows)).toEqual([
      ['melting', 1],
      ['in-sync', 1],
    ]);
  });
});
