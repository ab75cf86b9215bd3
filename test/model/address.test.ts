import { readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Address,
  addressFamily,
  compareAddresses,
  isIPv4Mapped,
  parseAddress,
  readAddress,
  writeAddress,
} from '../../src/model/address.ts';
import { holds, isBrokenBy } from '../support/properties.ts';

function fixture(name: string): string[] {
  const lines = readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

const bytesOf = (address: Address): Buffer => {
  const bytes = Buffer.alloc(16, 0xaa);
  writeAddress(address, bytes, 0);
  return bytes;
};

test('16 bytes are printed as inet_ntop prints them, and read back to the same bytes', () => {
  const rows = fixture('inet-ntop.txt').map((line) => line.split(' '));
  expect(rows.length).toBeGreaterThan(500);
  for (const [hex = '', text] of rows) {
    expect(readAddress('ipv6', Buffer.from(hex, 'hex'), 0)).toBe(text);
    expect(parseAddress(text ?? '')).toBe(text);
    expect(bytesOf(text as Address).toString('hex')).toBe(hex);
  }
});

test('a text is an address exactly when inet_pton accepts it, and is printed as by inet_ntop', () => {
  const rows = fixture('inet-pton.txt').map((line) => /^"(.*)"(?: (.*))?$/.exec(line) ?? []);
  expect(rows.length).toBeGreaterThan(300);
  for (const [, text = '', canonical] of rows) expect(parseAddress(text), text).toBe(canonical);
});

test.each([
  ['010.0.0.1', 'a leading zero, which some read as octal'],
  ['10.1', 'two numbers, which some read as 10.0.0.1'],
  ['0x0a000001', 'a hexadecimal number'],
  ['167772161', 'a decimal number'],
  ['fe80::1%eth0', 'a zone'],
  ['[::1]', 'brackets'],
  ['10.0.0.1/32', 'a prefix'],
  [' 10.0.0.1', 'a blank before'],
  ['10.0.0.1\n', 'a line feed after'],
  ['::1\n', 'a line feed after'],
  ['١.0.0.1', 'a digit of another script'],
  ['1.2.3.4\u0000', 'a NUL'],
  ['', 'nothing'],
  ['localhost', 'a name'],
])('%j is no address: %s', (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

const words = fc.tuple(
  ...Array.from({ length: 8 }, () => fc.constantFrom(0, 0, 1, 0xff, 0x1000, 0xffff, 0xdb8)),
);
/** The ways to write the same eight words. */
function spellings(list: readonly number[]): string[] {
  const hex = list.map((word) => word.toString(16));
  const quad = list.slice(6).flatMap((word) => [word >> 8, word & 255]);
  return [
    hex.join(':'),
    hex.map((word) => word.padStart(4, '0').toUpperCase()).join(':'),
    `${hex.slice(0, 6).join(':')}:${quad.join('.')}`,
    hex.join(':').replace(/(^|:)0(:0)*(:|$)/, '::'),
  ];
}

const isCanonical = (parse: (text: string) => Address | undefined) =>
  fc.property(words, (list) => {
    const addresses = spellings(list).map(parse);
    const bytes = Buffer.from(list.flatMap((word) => [word >> 8, word & 255]));
    return addresses.every(
      (address) =>
        address !== undefined && address === addresses[0] && bytesOf(address).equals(bytes),
    );
  });

test('equal addresses are equal strings, however they were written', async () => {
  await holds(isCanonical(parseAddress));
  await isBrokenBy(
    isCanonical((text) => (parseAddress(text) ? (text.toLowerCase() as Address) : undefined)),
  );
});

test('the WHATWG URL parser reads a printed address as the same address', async () => {
  const sameToUrl = (print: (address: Address) => string) =>
    fc.property(words, (list) => {
      const address = readAddress(
        'ipv6',
        Buffer.from(list.flatMap((word) => [word >> 8, word & 255])),
        0,
      );
      const host = new URL(`http://[${print(address)}]/`).hostname.slice(1, -1);
      return isIPv6(address) && parseAddress(host) === address;
    });
  await holds(sameToUrl((address) => address));
  await isBrokenBy(sameToUrl((address) => address.replace('ff', 'fe')));
});

test('IPv4 addresses round-trip through four bytes, with the other twelve cleared', async () => {
  const roundTrips = (read: (bytes: Buffer) => Address) =>
    fc.property(fc.ipV4(), (text) => {
      const address = parseAddress(text);
      const bytes = address ? bytesOf(address) : Buffer.alloc(0);
      return isIPv4(text) && read(bytes) === text && bytes.subarray(4).every((byte) => byte === 0);
    });
  await holds(roundTrips((bytes) => readAddress('ipv4', bytes, 0)));
  await isBrokenBy(roundTrips((bytes) => readAddress('ipv4', bytes.reverse(), 12)));
});

test('an address is written and read at the given offset', () => {
  const bytes = new Uint8Array(20).fill(9);
  writeAddress('10.0.0.1' as Address, bytes, 3);
  expect([...bytes]).toEqual([9, 9, 9, 10, 0, 0, 1, ...new Array(12).fill(0), 9]);
  expect(readAddress('ipv4', bytes, 3)).toBe('10.0.0.1');
});

test('writing a text that is no address throws', () => {
  expect(() => writeAddress('::zz' as Address, new Uint8Array(16), 0)).toThrow('::zz');
});

test('addresses sort by family, then by value', () => {
  const sorted = [
    '9.0.0.0',
    '10.0.0.9',
    '10.0.0.10',
    '192.0.2.1',
    '::',
    '::1',
    '::1.0.0.0',
    '2::',
    '10::',
    'ff02::1',
  ] as Address[];
  expect([...sorted].reverse().sort(compareAddresses)).toEqual(sorted);
  for (const address of sorted) expect(compareAddresses(address, address)).toBe(0);
});

test('the text of an address tells its family', () => {
  expect(addressFamily('10.0.0.1' as Address)).toBe('ipv4');
  expect(addressFamily('::ffff:10.0.0.1' as Address)).toBe('ipv6');
});

test.each([
  ['::ffff:10.0.0.1', true],
  ['::ffff:a00:1', true],
  ['::ffff:0:0', true],
  ['::10.0.0.1', false],
  ['::ffff:0:10.0.0.1', false],
  ['64:ff9b::10.0.0.1', false],
  ['::ffff', false],
  ['10.0.0.1', false],
])('%s is an IPv4 address in disguise: %s', (text, expected) => {
  expect(isIPv4Mapped(parseAddress(text) as Address)).toBe(expected);
});
