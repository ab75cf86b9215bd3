import { expect, test } from 'vitest';
import { formatConnections, parseConnections } from '../../src/ipvsadm/listing-connections.ts';
import { NUMBERS } from '../../src/ipvsadm/listing-endpoints.ts';

const HEADER = 'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData';

function show(lines: readonly string[], engineData = false): string[] | undefined {
  const entries = parseConnections([HEADER, ...lines, ''].join('\n'));
  return entries && formatConnections(entries, engineData, NUMBERS).split('\n').slice(1, -1);
}

test('connections are listed in the rows of ipvsadm -L -c', () => {
  expect(
    show([
      'TCP C0A83202 E69C 0A000001 0050 0A0000FC 1F90 ESTABLISHED     899',
      'TCP 2001:0db8:0050:0000:0000:0000:0000:0002 9B28 2001:0db8:0000:0000:0000:0000:0000:0001 0050 2001:0db8:0000:0000:0000:0000:0000:00fd 1F90 ESTABLISHED 7199',
      'IP  0A0000FE 0000 00000007 0000 0A0000FC 0000 ASSURED          98',
      'SCTP C0A83202 04D2 0A000001 1628 0A0000FC 1628 INIT1            2',
    ]),
  ).toEqual([
    'pro expire state       source             virtual            destination',
    'TCP 14:59  ESTABLISHED 192.168.50.2:59036 10.0.0.1:80        10.0.0.252:8080',
    'TCP 119:59 ESTABLISHED [2001:db8:50::2]:39720 [2001:db8::1]:80   [2001:db8::fd]:8080',
    'IP  01:38  ASSURED     10.0.0.254:0       0.0.0.7:0          10.0.0.252:0',
    'SCTP 00:02  INIT1       192.168.50.2:1234  10.0.0.1:5672      10.0.0.252:5672',
  ]);
});

test('--persistent-conn shows the data of the persistence engine at any length', () => {
  const line = 'UDP C0A83202 0000 0A000001 13C4 0A0000FD 13C4 ASSURED          59 sip ';
  const id = 'x'.repeat(5000);
  expect(show([`${line}abc123@example`, `${line}${id}`], true)).toEqual([
    'pro expire state       source             virtual            destination        pe name          pe_data',
    'UDP 00:59  ASSURED     192.168.50.2:0     10.0.0.1:5060      10.0.0.253:5060  sip                abc123@example',
    `UDP 00:59  ASSURED     192.168.50.2:0     10.0.0.1:5060      10.0.0.253:5060  sip                ${id}`,
  ]);
  expect(show([`${line}abc123@example`])?.[1]).toBe(
    'UDP 00:59  ASSURED     192.168.50.2:0     10.0.0.1:5060      10.0.0.253:5060',
  );
});

test.each([
  'TCP C0A83202 E69C',
  'garbage',
  'TCP C0A83202 E69C 0A000001 0050 0A0000FC 1F90 ESTABLISHED soon',
  'TCP nonsense E69C 0A000001 0050 0A0000FC 1F90 NONE 1',
])('the line "%s" of /proc/net/ip_vs_conn is refused', (line) => {
  expect(parseConnections(`${HEADER}\n${line}\n`)).toBeUndefined();
});

test('a file without connections is listed as a title only', () => {
  expect(show([])).toEqual([
    'pro expire state       source             virtual            destination',
  ]);
});
