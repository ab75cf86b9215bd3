import { expect, test } from 'vitest';
import { changeAction, summarize } from '../../src/plan/change.ts';
import { diff } from '../../src/plan/diff.ts';
import { DAEMONS, EVERY_WAVE } from '../support/scenarios.ts';

const none = { add: 0, edit: 0, delete: 0, replace: 0 };

test('changes are counted by object and action, with the destinations of a deleted service', () => {
  expect(summarize(diff(EVERY_WAVE.live, EVERY_WAVE.desired))).toEqual({
    services: { ...none, add: 2, edit: 2, delete: 1 },
    destinations: { ...none, add: 7, edit: 3, delete: 1 + 2 },
    settings: { ...none, edit: 1, delete: 1 },
  });
});

test('a daemon that differs is replaced, because it cannot be edited', () => {
  const changes = diff(DAEMONS.live, DAEMONS.desired).filter(({ object }) => object === 'daemon');
  expect(changes.map(changeAction)).toEqual(['replace', 'add']);
  expect(summarize(changes).settings).toEqual({ ...none, replace: 1, add: 1 });
});

test('an empty list of changes counts as zero of everything', () => {
  expect(summarize([])).toEqual({ services: none, destinations: none, settings: none });
});
