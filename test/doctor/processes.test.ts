import { describe, expect, it } from 'vitest';
import { readProcesses } from '../../src/kernel/facts/processes.ts';
import { filesOf, HEALTHY, OWN_PID, program, type Tree } from './machine.ts';

const WATCH = { commandLine: 'node\0/usr/bin/ipvstate\0watch\0' };

async function daemonsAmong(processes: Tree): Promise<number[]> {
  const found = await readProcesses(filesOf({ ...HEALTHY, ...processes }), OWN_PID);
  if (!found.isKnown) throw new Error(found.reason);
  return found.value.daemons.map(({ pid }) => pid);
}

describe('the daemons among the processes', () => {
  it('are without the child of a daemon that is about to become another program', async () => {
    const daemon = program(77, 'ipvstate', WATCH);
    expect(
      await daemonsAmong({ ...daemon, ...program(78, 'node', { ...WATCH, parent: 77 }) }),
    ).toEqual([77]);
    expect(await daemonsAmong({ ...daemon, ...program(78, 'node', WATCH) })).toEqual([77, 78]);
  });

  it('are without the process that waits for a daemon in another network namespace', async () => {
    const waiting = program(77, 'ipvstate', WATCH);
    const daemon = program(78, 'node', { ...WATCH, parent: 77, netns: 'net:[5]' });
    expect(await daemonsAmong({ ...waiting, ...daemon })).toEqual([78]);
    const other = program(78, 'node', { ...WATCH, netns: 'net:[5]' });
    expect(await daemonsAmong({ ...waiting, ...other })).toEqual([77, 78]);
  });

  it('are those of --netns, whose parent waits in another network namespace', async () => {
    const parent = program(77, 'ipvstate', { ...WATCH, netns: 'net:[5]' });
    expect(
      await daemonsAmong({ ...parent, ...program(78, 'node', { ...WATCH, parent: 77 }) }),
    ).toEqual([77, 78]);
  });
});
