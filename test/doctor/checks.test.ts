import { describe, expect, it } from 'vitest';
import { DRAIN, MASQ, MASQ6, TUNNEL } from './case.ts';
import { diagnose, of, troubles } from './diagnose.ts';
import { NETWORK_CASES } from './network-cases.ts';
import { RESOURCE_CASES } from './resource-cases.ts';
import { SYSCTL_CASES } from './sysctl-cases.ts';

const CASES = [...NETWORK_CASES, ...SYSCTL_CASES, ...RESOURCE_CASES];

describe('a healthy machine', () => {
  it.each([undefined, MASQ, MASQ6, TUNNEL, DRAIN])(
    'has no trouble, and exits 0',
    async (config) => {
      const diagnosed = await diagnose({}, config === undefined ? {} : { config });
      const expected = config === TUNNEL ? ['servers'] : [];
      expect(troubles(diagnosed).map(({ check }) => check)).toEqual(expected);
      expect(diagnosed).toMatchObject({ status: 0, stderr: '' });
    },
  );
});

describe('the doctor', () => {
  it.each(CASES)(
    'says $level when $about',
    async ({ check, level, seen, why = '', fix, machine, options }) => {
      const diagnosed = await diagnose(machine, options);
      const found = of(check, diagnosed).find((finding) => finding.seen.includes(seen));
      expect(found, JSON.stringify(troubles(diagnosed), undefined, 1)).toMatchObject({ level });
      expect(found?.why ?? '').toContain(why);
      if (fix !== undefined)
        expect([...(found?.commands ?? []), found?.advice].join('\n')).toContain(fix);
    },
  );

  it('asks nothing about rp_filter for clients of IPv6, which has no such filter', async () => {
    const machine = { '/proc/sys/net/ipv4/conf/eth1/rp_filter': '1\n' };
    const config = MASQ6.replace('masq', 'route');
    expect(of('reverse path', await diagnose(machine, { config }))).toEqual([]);
    const both = config
      .replace('[2001:db8::10]', '192.0.2.10')
      .replace('2001:db8:1::11', '10.1.0.11');
    expect(of('reverse path', await diagnose(machine, { config: both }))).toHaveLength(1);
  });

  it('gives a reason for each finding that is not well, and a way out of each bad one', async () => {
    for (const { machine, options } of CASES)
      for (const finding of troubles(await diagnose(machine, options))) {
        expect(finding.why, finding.seen).toMatch(/^[A-Z].*[.:]$/);
        const ways = finding.commands.length + (finding.advice === null ? 0 : 1);
        if (finding.level === 'failure' || finding.level === 'warning')
          expect(ways, finding.seen).toBeGreaterThan(0);
      }
  });

  it('exits by the worst finding: 69, 2 or 0', async () => {
    for (const { machine, options } of CASES) {
      const { status, summary } = await diagnose(machine, options);
      const { failure, warning, unknown } = summary;
      expect(status).toBe(failure > 0 ? 69 : warning + unknown > 0 ? 2 : 0);
    }
  });
});
