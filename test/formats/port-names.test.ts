import { expect, test } from 'vitest';
import { parsePortNames, wellKnownPort } from '../../src/formats/port-names.ts';

const names = parsePortNames(`# Network services
tcpmux		1/tcp				# TCP port service multiplexer
http		80/tcp		www		# WorldWideWeb HTTP
domain		53/tcp
domain		53/udp
sip		5060/udp
late		80/tcp
odd		99999999/tcp
broken
`);

test('finds the port of a name or an alias for a protocol', () => {
  expect(names.port('http', 'tcp')).toBe(80);
  expect(names.port('www', 'tcp')).toBe(80);
  expect(names.port('http', 'udp')).toBeUndefined();
  expect(names.port('domain', 'udp')).toBe(53);
});

test('finds the name of a port in the first line that has the port', () => {
  expect(names.name(80, 'tcp')).toBe('http');
  expect(names.name(5060, 'tcp')).toBeUndefined();
  expect(names.name(5060, 'udp')).toBe('sip');
});

test('ignores comments and lines of other forms', () => {
  expect(names.port('#', 'tcp')).toBeUndefined();
  expect(names.port('odd', 'tcp')).toBeUndefined();
  expect(names.port('broken', 'tcp')).toBeUndefined();
});

test('a well-known name is a port on every machine, also by its other names', () => {
  expect(['http', 'www', 'domain', 'imap', 'imap2', 'nothing'].map(wellKnownPort)).toEqual([
    80,
    80,
    53,
    143,
    143,
    undefined,
  ]);
});
