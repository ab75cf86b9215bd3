import { describe, expect, it } from 'vitest';
import { temporaryState } from '../support/temporary-state.ts';
import { diagnose, type ShownFinding } from './diagnose.ts';
import { type Entry, HEALTHY, machineOf, program, type Tree } from './machine.ts';

/** A configuration that makes every check look at something. */
const CONFIG = `version: 1
defaults: { drain: 5m, scheduler: rr }
sysctls: { mode: enforce, values: { conntrack: 1 } }
sync_daemons: [{ role: master, interface: eth1 }]
services:
  - { address: "tcp://192.0.2.10:443", destinations: [{ address: 10.1.0.11, forward: masq }] }
  - { address: "tcp://192.0.2.10:21", destinations: [{ address: 10.1.0.11, forward: masq }] }
  - { address: "tcp://192.0.2.10:80", scheduler: mh, destinations: [10.1.0.12] }
  - { address: "tcp://[2001:db8::1]:80", destinations: ["2001:db8:1::1"] }
  - { address: "udp://192.0.2.10:5060", persistence: { engine: sip },
      destinations: [{ address: 10.1.0.12, forward: tunnel }] }
`;

const MACHINE: Tree = {
  ...program(77, 'node', { commandLine: 'node\0/usr/bin/ipvstate\0watch\0' }),
  '/proc/modules': `ip_vs_ftp 1 1 - Live 0x0\n${HEALTHY['/proc/modules']}`,
};

const PATHS = Object.keys({ ...HEALTHY, ...MACHINE });

/**
 * The paths whose loss changes what is said, but for "not known". `lost` is put in the place of
 * one file after the other.
 */
async function misjudged(lost: Entry): Promise<string[]> {
  const state = temporaryState();
  const lock = { [state.lockPath]: '', [state.runtime]: { isFolder: true } };
  const options = { config: CONFIG, state };
  const plain = ({ level, seen }: ShownFinding): string =>
    `${level} ${seen.replaceAll(/\/tmp\/\S+/g, '')}`;
  const whole = await diagnose({ ...MACHINE, ...lock }, options);
  expect(whole.summary).toMatchObject({ failure: 0, unknown: 0 });
  const before = new Set(whole.findings.map(plain));
  const paths: string[] = [];
  for (const path of PATHS) {
    const { findings } = await diagnose({ ...MACHINE, ...lock, [path]: lost }, options);
    const isNew = (finding: ShownFinding): boolean =>
      finding.level !== 'unknown' && !before.has(plain(finding));
    if (findings.some(isNew)) paths.push(path);
  }
  return paths;
}

describe('a file that cannot be read', () => {
  it.each(['EIO', 'EACCES', 'EMFILE'])(
    'with %s is never taken for an absent one: no check draws a conclusion from it',
    async (error) => {
      expect(await misjudged({ error })).toEqual([]);
    },
  );

  it('would be noticed by this test if it were taken for an absent one', async () => {
    const found = await misjudged(undefined);
    expect(found).toContain('/proc/net/if_inet6');
    expect(found).toContain('/proc/net/ip_vs');
    expect(found).toContain('/proc/sys/net/ipv4/vs/conntrack');
    expect(found.length).toBeGreaterThan(6);
  });

  it('makes the routes and interfaces unknown when rtnetlink fails', async () => {
    const { findings, status } = await diagnose(MACHINE, { config: CONFIG, error: 'EPERM' });
    const unknown = findings.filter(({ level }) => level === 'unknown').map(({ check }) => check);
    expect(unknown).toEqual(['routes', 'tunnels', 'reverse path', 'sync daemons']);
    expect(status).toBe(2);
  });
});

it('lets a bug in the reading of facts be a bug', async () => {
  const machine = machineOf();
  const broken = { ...machine, network: () => Promise.reject(new TypeError('x is no function')) };
  const { readKernelFacts } = await import('../../src/kernel/facts/machine.ts');
  await expect(readKernelFacts(broken, [])).rejects.toThrow(TypeError);
});
