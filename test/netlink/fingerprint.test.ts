import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fingerprintOf, readFingerprint } from '../../src/kernel/fingerprint.ts';

const HEADER = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
`;
const live = (
  active: string,
  inactive: string,
  weight = '1',
  service = 'TCP  C0000201:0050 wlc persistent 36000 FFFFFFFF',
): string =>
  `${HEADER}${service}
  -> 0A000001:0050      Masq    ${weight}      ${active}          ${inactive}         
  -> [2001:0db8:0000:0000:0000:0000:0000:0001]:0050      Route   7      ${inactive}          ${active}         
`;
const of = (text: string): string => fingerprintOf(Buffer.from(text));

describe('the fingerprint of the kernel table', () => {
  it('does not depend on the numbers of connections', () => {
    const number = fc.nat().map(String);
    fc.assert(
      fc.property(number, number, (active, inactive) => {
        expect(of(live(active, inactive))).toBe(of(live('0', '0')));
      }),
    );
  });

  it.each([
    ['a weight', live('0', '0', '2')],
    ['a scheduler', live('0', '0', '1', 'TCP  C0000201:0050 rr persistent 36000 FFFFFFFF')],
    ['a timeout', live('0', '0', '1', 'TCP  C0000201:0050 wlc persistent 6000 FFFFFFFF')],
    ['a service without destinations', `${live('0', '0')}FWM  00000001 rr\n`],
    ['everything', HEADER],
    ['the module', ''],
  ])('changes with %s', (_, text) => {
    expect(of(text)).not.toBe(of(live('0', '0')));
  });

  it('does not take a number of connections for a part of the next line', () => {
    const text = live('0', '0');
    expect(of(text.trimEnd())).toBe(of(text));
    expect(of(text.replace('0A000001', '0A000002'))).not.toBe(of(text));
  });

  it('is undefined where there is no table', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ipvstate-proc-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    expect(await readFingerprint(join(folder, 'ip_vs'))).toBeUndefined();
    writeFileSync(join(folder, 'ip_vs'), HEADER);
    expect(await readFingerprint(join(folder, 'ip_vs'))).toBe(of(HEADER));
  });
});
