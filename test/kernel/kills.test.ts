import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ipvsadm } from './real-programs.ts';

beforeEach(() => ipvsadm('-C'));
afterEach(() => ipvsadm('-C'));

// `node test/bench/kills.js` does the same for as many kills as asked.
it('a run that is killed between two states harms no one else, and the next command goes on', () => {
  const argv = ['test/bench/kills.js', '--inside', '--kills', '1', '--seed', '5'];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
  expect(stdout).toContain('1 between two states');
}, 900_000);
