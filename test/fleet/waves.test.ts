import { describe, expect, it } from 'vitest';
import { nodesOfWaves, parseWave, type WaveText } from '../../src/fleet/waves.ts';

const NODES = ['a1', 'a2', 'b1', 'b2', 'b3', 'b4', 'b5', 'b6'];

const waves = (...texts: readonly string[]): string[] =>
  nodesOfWaves(
    texts.map((text) => parseWave(text) as WaveText),
    NODES,
  ).map((names) => names.join(' '));

describe('the waves of a rollout', () => {
  it.each([
    [
      ['b2', '25%', 'all'],
      ['b2', 'a1', 'a2 b1 b3 b4 b5 b6'],
    ],
    [
      ['1', '50%', '100%'],
      ['a1', 'a2 b1 b2', 'b3 b4 b5 b6'],
    ],
    [
      ['a*', 'b1,b3'],
      ['a1 a2', 'b1 b3'],
    ],
    [['*', 'all', '3'], ['a1 a2 b1 b2 b3 b4 b5 b6']],
    [['1%', '2%'], ['a1']],
  ])('%j have the nodes %j', (texts, expected) => {
    expect(waves(...texts)).toEqual(expected);
  });

  it('name only nodes that are known', () => {
    expect(() => waves('a1', 'c*')).toThrow('no director is called c*');
  });

  it.each(['', '0', '0%', '101%', 'a,', ',', '-1', '1.5', 'a b', '../x', '50 %'])(
    'cannot be "%s"',
    (text) => expect(parseWave(text)).toBeUndefined(),
  );
});
