import { describe, expect, it } from 'vitest';
import { diagnose, fewDestinations } from '../../src/cli/diagnose.ts';
import type { Environment } from '../../src/cli/environment.ts';
import { thisMachine } from '../../src/kernel/facts/machine.ts';
import { servicesOf } from '../support/tables.ts';
import { temporaryState } from '../support/temporary-state.ts';

const address = (index: number): string => `10.0.${index >> 8}.${index & 255}:80`;

function poolOf(count: number): ReturnType<typeof servicesOf> {
  const pool = Array.from({ length: count }, (_, index) => [
    address(index),
    { forward: index === count - 1 ? ('masq' as const) : ('route' as const) },
  ]);
  return servicesOf({ 'tcp://192.0.2.1:80': { destinations: Object.fromEntries(pool) } });
}

describe('the diagnosis for the pages of the daemon', () => {
  it('has failures and warnings of the doctor, each with a title', async () => {
    const state = temporaryState();
    const environment: Partial<Environment> = {
      state: async () => state,
      machine: async () => ({ ...thisMachine(), nodeVersion: '18.0.0' }),
    };
    const found = await diagnose({ desired: undefined, files: [] }, environment as Environment);
    expect(found.map(({ title }) => title)).toContainEqual(expect.stringContaining('18.0.0'));
    for (const { level, title } of found) {
      expect(['failure', 'warning']).toContain(level);
      expect(title).not.toBe('');
    }
  });

  it('examines a small table whole', () => {
    const services = poolOf(2000);
    expect(fewDestinations(services)).toBe(services);
  });

  it('examines a destination of each way of forwarding of a large table', () => {
    const [entry] = [...fewDestinations(poolOf(2001)).values()];
    expect([...(entry?.destinations.keys() ?? [])]).toEqual([address(0), address(2000)]);
  });
});
