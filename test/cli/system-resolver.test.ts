import { expect, test } from 'vitest';
import { parseServiceNames } from '../../src/cli/system-resolver.ts';

const names = parseServiceNames(`# Network services
tcpmux		1/tcp				# TCP port service multiplexer
http		80/tcp		www		# WorldWideWeb HTTP
domain		53/tcp
domain		53/udp
sip		5060/udp
late		80/tcp
odd		99999999/tcp
broken
`);

test('names and aliases have ports, by protocol', () => {
  expect(names.port('http', 'tcp')).toBe(80);
  expect(names.port('www', 'tcp')).toBe(80);
  expect(names.port('http', 'udp')).toBeUndefined();
  expect(names.port('domain', 'udp')).toBe(53);
});

test('a port has the name of the first line that has it', () => {
  expect(names.name(80, 'tcp')).toBe('http');
  expect(names.name(5060, 'tcp')).toBeUndefined();
  expect(names.name(5060, 'udp')).toBe('sip');
});

test('comments and lines that are none of its kind are passed over', () => {
  expect(names.port('#', 'tcp')).toBeUndefined();
  expect(names.port('odd', 'tcp')).toBeUndefined();
  expect(names.port('broken', 'tcp')).toBeUndefined();
});
